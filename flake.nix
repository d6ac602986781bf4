{
  description = "Integration jobs between Request Tracker, Google Workspace and their neighbours";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      forEachSystem =
        function:
        lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (system: function nixpkgs.legacyPackages.${system});
      packageFor = pkgs: self.packages.${pkgs.stdenv.hostPlatform.system}.default;
    in
    {
      packages = forEachSystem (pkgs: {
        default = pkgs.callPackage ./nix/package.nix { };
      });

      overlays.default = final: _: { syncd = final.callPackage ./nix/package.nix { }; };

      nixosModules.default =
        { lib, pkgs, ... }:
        {
          # imported twice, it still counts once
          key = "syncd";
          imports = [ ./nix/modules ];
          services.syncd.package = lib.mkDefault (packageFor pkgs);
        };

      nixosConfigurations.example = lib.nixosSystem {
        modules = [
          self.nixosModules.default
          ./nix/example.nix
          ./nix/tests/container.nix
        ];
      };

      apps = forEachSystem (pkgs: {
        demo = {
          type = "app";
          program = "${pkgs.writeShellScript "syncd-demo" "exec ${lib.getExe (packageFor pkgs)} demo"}";
          meta.description = "Plan, apply and revert against stand-ins, with no account";
        };
      });

      checks = forEachSystem (pkgs: {
        package = packageFor pkgs;
        module = pkgs.callPackage ./nix/tests/module.nix {
          inherit (lib) nixosSystem;
          syncdModule = self.nixosModules.default;
        };
        vm = pkgs.testers.runNixOSTest {
          imports = [ ./nix/tests/vm.nix ];
          _module.args.syncdModule = self.nixosModules.default;
        };
      });

      formatter = forEachSystem (pkgs: pkgs.nixfmt-tree);

      devShells = forEachSystem (pkgs: {
        default = pkgs.mkShell {
          inputsFrom = [ (packageFor pkgs) ];
          packages = [
            pkgs.mypy
            pkgs.ruff
          ];
        };
      });
    };
}
