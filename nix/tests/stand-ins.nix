# What the documentation uses besides: options of sops-nix and agenix, and GAM where nixpkgs was trimmed.
{ lib, pkgs, ... }:
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

  config.services.syncd.jobs = lib.mkIf (!pkgs ? gam) {
    battery-gam.package = lib.mkDefault pkgs.coreutils;
  };
}
