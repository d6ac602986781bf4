# Two machines: one with syncd and its timer, one with the stand-ins for Google and RT. For hosts that can boot machines:
#   nix build .#checks.x86_64-linux.vm
{ syncdModule, ... }:
let
  # The stand-ins serve on loopback, and their key file names that address; sockets carry it from one machine to the other.
  address = "127.0.0.1:8000";
  carry = from: to: {
    sockets.carry = {
      wantedBy = [ "sockets.target" ];
      listenStreams = [ from ];
    };
    services.carry = {
      requires = [ "carry.socket" ];
      after = [ "carry.socket" ];
      serviceConfig.ExecStart = "/run/current-system/systemd/lib/systemd/systemd-socket-proxyd ${to}";
    };
  };
in
{
  name = "syncd";

  nodes.upstream =
    { config, lib, ... }:
    {
      imports = [ syncdModule ];
      networking.firewall.allowedTCPPorts = [ 8080 ];
      systemd = lib.recursiveUpdate (carry "0.0.0.0:8080" address) {
        services.sandbox = {
          wantedBy = [ "multi-user.target" ];
          serviceConfig = {
            ExecStart = "${lib.getExe config.services.syncd.package} sandbox --port 8000 --devices 60 --directory /var/lib/sandbox";
            StateDirectory = "sandbox";
          };
        };
      };
    };

  nodes.host =
    { lib, ... }:
    {
      imports = [ syncdModule ];
      systemd = lib.recursiveUpdate (carry address "upstream:8080") {
        # more starts an hour than a school's host ever sees
        services.syncd-chromebooks.unitConfig.StartLimitBurst = 100;
      };

      users.users.sis = {
        isNormalUser = true;
        extraGroups = [ "syncd-drop" ];
      };

      services.syncd = {
        enable = true;
        settings = {
          google = {
            delegated_user = "admin@example.org";
            api_root = "http://${address}/";
          };
          rt.url = "http://${address}/rt";
        };
        credentials = {
          google-service-account = "/root/google-service-account";
          rt-token = "/root/rt-token";
        };
        jobs.chromebooks = {
          enable = true;
          mode = "apply";
          schedule = "*:0/1";
          randomizedDelay = "0";
          settings = {
            catalogs = [ "Chromebooks" ];
            # all of a small fleet at once, which a person would approve
            limits = {
              update.percent = 100;
              clear.percent = 100;
            };
          };
        };
        imports.students.enable = true;
        alerts.command = [
          "/run/current-system/sw/bin/systemd-cat"
          "--identifier=alert"
        ];
      };
    };

  testScript = ''
    import json

    start_all()
    upstream.wait_for_unit("sandbox.service")
    upstream.wait_for_file("/var/lib/sandbox/credentials/rt-token")
    host.wait_for_unit("timers.target")

    with subtest("without its credentials the job does not start, and somebody is told"):
        host.wait_until_succeeds("journalctl --identifier=alert --grep='exit status 243'", timeout=120)

    with subtest("the timer starts the job, which applies its plan"):
        for name in ("google-service-account", "rt-token"):
            secret = upstream.succeed(f"base64 --wrap=0 /var/lib/sandbox/credentials/{name}")
            host.succeed(f"umask 077; echo {secret} | base64 --decode >/root/{name}")
        host.wait_until_succeeds("syncd runs --json | grep --quiet '\"applied\"'", timeout=180)

    with subtest("the next run has nothing to do, and the journal has the fields"):
        host.succeed("systemctl start syncd-chromebooks.service")
        record = host.succeed("journalctl --output=json --lines=1 SYNCD_JOB=chromebooks --unit=syncd-chromebooks")
        assert json.loads(record)["SYNCD_RUN_ID"], record

    with subtest("a roster that somebody leaves in the drop zone is imported"):
        roster = "student_id,first_name,last_name,username,grade,advisor\\n1,Ann,Lee,s1,9,Tess\\n"
        host.succeed(f"runuser --user sis -- sh -c 'printf \"{roster}\" >/var/lib/syncd-drop/students/s.csv'")
        host.wait_until_succeeds("ls /var/lib/syncd-drop/students/done/*-s.csv", timeout=60)

    with subtest("nobody else can read the state"):
        host.fail("runuser --user nobody -- ls /var/lib/syncd/")

    with subtest("journalctl explains a record"):
        host.succeed("journalctl --catalog --unit=syncd-chromebooks | grep --quiet 'Defined-By: syncd'")
  '';
}
