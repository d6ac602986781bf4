"""What `syncd doctor` looks at: `everything` puts it together, a module with a job's name adds what that job needs."""
