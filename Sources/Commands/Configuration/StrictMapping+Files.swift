import PKCS11
import StrictYAML

extension StrictMapping {
  /// The path of a file: one that does not begin with a slash is meant from the folder of the configuration file.
  func file(_ key: String) throws -> String? { try string(key).map { try resolved($0, key) } }

  /// Paths of files.
  func files(_ key: String) throws -> [String]? { try strings(key)?.map { try resolved($0, key) } }

  private func resolved(_ path: String, _ key: String) throws -> String {
    guard !PKCS11URI.begins(path) else {
      throw CommandError(refusal(key, "must be a file; a pkcs11: URI does not belong there"), rule: .fileNotURI)
    }
    return ConfigurationFile.resolve(path, besides: file)
  }
}

extension CommandError {
  /// A mistake in a configuration file.
  init(_ error: YAMLError, rule: CommandRule? = nil) {
    self = .configuration(
      (error.line.map { "line \($0): " } ?? "") + error.message, rule: rule, operation: "read \(error.file)", hint: error.hint)
  }
}
