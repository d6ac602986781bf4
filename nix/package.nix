{
  lib,
  stdenv,
  python3Packages,
  installShellFiles,
  # svg and png of `syncd export battery`
  withPictures ? true,
}:
let
  inherit (lib) fileset;
  inherit (lib.importTOML ../pyproject.toml) project;

  # "click>=8.1" is click
  nameOf = requirement: lib.head (lib.match "([A-Za-z0-9-]+).*" requirement);
  packagesOf =
    requirements:
    lib.attrVals (lib.filter (name: python3Packages ? ${name}) (map nameOf requirements)) python3Packages;

  extras = lib.mapAttrs (_: packagesOf) project.optional-dependencies;

  version = lib.head (
    lib.match ''.*__version__ = "([^"]+)".*'' (lib.readFile ../src/syncd/__init__.py)
  );
in
python3Packages.buildPythonApplication {
  pname = project.name;
  inherit version;
  pyproject = true;

  src = fileset.toSource {
    root = ../.;
    fileset = fileset.unions [
      ../LICENSE
      ../README.md
      ../docs/man
      ../pyproject.toml
      ../src
      ../tests/bench
      ../tests/fixtures
      ../tests/system/__init__.py
      ../tests/system/batteries.py
      ../tests/unit
    ];
  };

  build-system = [ python3Packages.hatchling ];

  # Named once, in pyproject.toml. One that this package set lacks is refused by the build, which compares what the
  # wheel requires with what is there.
  dependencies = packagesOf project.dependencies ++ lib.optionals withPictures extras.pictures;
  optional-dependencies = extras;

  nativeBuildInputs = [ installShellFiles ];

  nativeCheckInputs = [
    python3Packages.cryptography
    python3Packages.hypothesis
    python3Packages.pytestCheckHook
    python3Packages.python-calamine
  ]
  ++ extras.pictures;
  enabledTestPaths = [ "tests/unit" ];
  pythonImportsCheck = [ "syncd" ];

  postInstall = ''
    installManPage docs/man/syncd.1
    install -D --mode=444 src/syncd/host/units/syncd.catalog --target-directory=$out/lib/systemd/catalog
  ''
  + lib.optionalString (stdenv.buildPlatform.canExecute stdenv.hostPlatform) ''
    for shell in bash zsh fish; do
      _SYNCD_COMPLETE=''${shell}_source $out/bin/syncd >syncd.$shell
    done
    installShellCompletion --cmd syncd --bash syncd.bash --zsh syncd.zsh --fish syncd.fish
  '';

  meta = {
    inherit (project) description;
    license = lib.licenses.mit;
    mainProgram = "syncd";
    platforms = lib.platforms.linux;
  };
}
