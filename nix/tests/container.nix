# What any system needs to be evaluated whole; a container has no disk to boot from.
{ lib, ... }:
{
  boot.isContainer = true;
  networking.hostName = "example";
  nixpkgs.hostPlatform = lib.mkDefault "x86_64-linux";
  system.stateVersion = "26.05";
}
