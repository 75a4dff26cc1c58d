import Foundation
import TestSupport
import Testing

/// The compiler is asked: a line marked `refused` must be an error, and no other line may be one.
@Suite("What a program cannot do with a secret, because it does not compile")
struct SecretTypeTests {
  @Test("it cannot be interpolated, described, printed, dumped, reflected, encoded, stored as anything else, or thrown")
  func types() async throws {
    try await expectRefusals(
      """
      import Foundation
      import Secrets
      struct Failure: Error { let reason: String }
      func use(_ text: String) {}
      func length(_ secret: borrowing SecretBytes) -> Int { secret.count }
      func interpolated(_ secret: borrowing SecretBytes) {
        use("\\(secret)") // refused
        use("\\(secret.count)")
      }
      func described(_ secret: borrowing SecretBytes) {
        use(String(describing: secret)) // refused
        use(String(reflecting: secret)) // refused
        use(secret.description) // refused
        use(secret.debugDescription) // refused
      }
      func printed(_ secret: borrowing SecretBytes) {
        print(secret) // refused
        debugPrint(secret) // refused
        dump(secret) // refused
        NSLog("%@", secret) // refused
      }
      func reflected(_ secret: borrowing SecretBytes) {
        _ = Mirror(reflecting: secret) // refused
      }
      func encoded(_ secret: borrowing SecretBytes) throws {
        _ = try JSONEncoder().encode(secret) // refused
        _ = try PropertyListEncoder().encode(secret) // refused
        _ = Data(secret) // refused
        _ = String(decoding: secret, as: UTF8.self) // refused
      }
      func stored(_ secret: consuming SecretBytes) {
        let any: Any = secret // refused
        _ = any
      }
      func listed(_ secret: consuming SecretBytes) {
        let list = [secret] // refused
        _ = list
      }
      func thrown(_ secret: consuming SecretBytes) throws {
        throw secret // refused
      }
      func compared(_ one: borrowing SecretBytes, _ other: borrowing SecretBytes) {
        _ = one == other // refused
        _ = one.isEqual(to: other)
        _ = one.hashValue // refused
      }
      func lent(_ secret: borrowing SecretBytes) {
        secret.withBytes { bytes in use("\\(bytes)") } // refused
        secret.withBytes { bytes in print(bytes) } // refused
        secret.withBytes { bytes in dump(bytes) } // refused
        secret.withBytes { bytes in use("\\(bytes.count)") }
        let kept: Span<UInt8> = secret.withBytes { bytes in bytes } // refused
        _ = kept
      }
      """)
  }

  @Test("it cannot be copied, nor used after it was handed on; its bytes cannot outlive the closure")
  func ownership() async throws {
    try await expectRefusals(
      """
      import Secrets
      func keep(_ secret: consuming SecretBytes) {}
      func copied(_ secret: borrowing SecretBytes) { // refused
        let copy = secret
        _ = copy.count
      }
      func usedAfter() {
        let secret = SecretBytes(copying: [1]) // refused
        keep(secret)
        keep(secret)
      }
      func good(_ secret: consuming SecretBytes) {
        _ = secret.withBytes { $0.count }
        keep(secret)
      }
      """, mode: ["-emit-sil", "-o", "/dev/null"])
  }

  @Test("a trace has no place for an argument, an error of a token's no maker but the binding, and attributes tell no value")
  func binding() async throws {
    try await expectRefusals(
      """
      import PKCS11
      func use(_ text: String) {}
      func traced(_ call: TracedCall) {
        use("\\(call.function) \\(call.returnValue) \\(call.duration) \\(call.module)")
        use("\\(call.arguments)") // refused
        use("\\(call.parameters)") // refused
        _ = TracedCall(function: "C_Login 1234", returnValue: .ok, duration: .zero, module: "") // refused
      }
      func failed(_ error: PKCS11Error) {
        use("\\(error)")
        _ = PKCS11Error(rule: .call, operation: "log in with 1234", message: "1234") // refused
      }
      func verified(_ session: borrowing Session) {
        use("\\(session)") // refused
      }
      """)
  }

  /// Compiles the text, and holds the lines with errors against those that are marked.
  private func expectRefusals(
    _ text: String, mode: [String] = ["-typecheck"], sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let folder = try TemporaryFolder()
    let file = try folder.write(text.utf8, to: "attempt.swift")
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    let marked = Set(lines.indices.filter { lines[$0].hasSuffix("// refused") }.map { $0 + 1 })
    let map = "-fmodule-map-file=" + BuiltProduct.path("CCryptoki.build/module.modulemap")
    let result = try await run(
      "swiftc", mode + ["-swift-version", "6", "-parse-as-library", "-I", BuiltProduct.path("Modules"), "-Xcc", map, file])
    let errors = Set(result.standardError.matches(of: /attempt\.swift:(\d+):\d+: error:/).compactMap { Int($0.1) })
    for line in marked.subtracting(errors).sorted() {
      Issue.record("this compiles, and must not: \(lines[line - 1])", sourceLocation: sourceLocation)
    }
    let others = errors.subtracting(marked)
    #expect(others.isEmpty, "\(result.standardError)", sourceLocation: sourceLocation)
    #expect(!marked.isEmpty && result.exitCode != 0, "\(result.standardError)", sourceLocation: sourceLocation)
  }
}
