import ArgumentParser

/// The options that every command shares.
struct CommonOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Configuration file; default ./hsmkey.yaml, then /etc/hsmkey/hsmkey.yaml.", valueName: "file"), completion: .file())
  var config: String?

  @Option(help: ArgumentHelp("PKCS#11 module, absolute path.", valueName: "path"), completion: .file(extensions: ["so"]))
  var module: String?

  @Option(help: ArgumentHelp("The token: an RFC 7512 URI (pkcs11:token=…;serial=…) or a bare label.", valueName: "uri"))
  var token: String?

  @Option(
    help: ArgumentHelp(
      "Where the user PIN comes from: prompt, fd:N, file:PATH, credential:NAME, protected-path, env:NAME.", valueName: "source"))
  var pinSource: String?

  @Option(
    help: ArgumentHelp(
      "Where refused PINs are remembered, for every run: a folder, made owner-only at its first use.", valueName: "folder"),
    completion: .directory)
  var pinMemory: String?

  @Flag(help: "Answer with one JSON object on stdout.")
  var json = false

  @Option(help: ArgumentHelp("error, warning, notice, info, debug or trace; to stderr, never a secret.", valueName: "level"))
  var logLevel: String?
}
