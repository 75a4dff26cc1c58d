import PKCS11
import Secrets

/// The first steps: what is set, and where it came from.
enum DoctorSettings {
  static func read(_ options: CommonOptions) throws -> Finding<CommandContext> {
    let context = try CommandContext(options)
    let settings = context.settings
    // What is no URI may be a secret that somebody put in the wrong place: it is refused here, and never shown.
    _ = try context.tokenURI()
    func line(_ name: String, _ setting: Setting<String>?) -> String {
      setting.map { "\(name): \($0.value) (\($0.origin))" } ?? "\(name): not set"
    }
    let details = [
      line("module", settings.module), line("token", settings.token), line("state", settings.state),
      line("PIN memory", settings.pinMemory), line("deadline", settings.deadline.map { "\($0.components.seconds)s" }),
    ]
    return .ok(
      context, settings.file.path.map { "settings from the file \($0)" } ?? "no configuration file; options, environment and defaults",
      details: details)
  }

  /// The source of the PIN, as far as it can be judged without reading it.
  static func pinSource(_ context: CommandContext) throws -> Finding<SecretSource> {
    let setting = context.settings.pinSource
    let source = try context.secretSource(setting, saysWarning: false)
    do {
      try source.check()
    } catch {
      guard source == .prompt else { throw error }
      return .warning(
        source, "the PIN would be asked for at a prompt, and there is no terminal here (\(setting.origin))",
        hint: "for use without a person set token.pin-source: file:PATH, credential:NAME or fd:N")
    }
    if let warning = source.warning { return .warning(source, "\(source) (\(setting.origin)): \(warning)", hint: nil) }
    return .ok(source, "\(source) (\(setting.origin)); not read")
  }
}
