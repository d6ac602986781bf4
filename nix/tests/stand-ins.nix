# The options of sops-nix and agenix that the documentation uses.
{ lib, ... }:
let
  secrets =
    folder:
    lib.mkOption {
      default = { };
      type = lib.types.attrsOf (
        lib.types.submodule (
          { name, ... }:
          {
            options = {
              file = lib.mkOption { type = lib.types.path; };
              path = lib.mkOption {
                type = lib.types.str;
                default = "${folder}/${name}";
              };
            };
          }
        )
      );
    };
in
{
  options = {
    sops.secrets = secrets "/run/secrets";
    age.secrets = secrets "/run/agenix";
  };
}
