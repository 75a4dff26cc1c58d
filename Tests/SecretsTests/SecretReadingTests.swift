import Foundation
import Glibc
import Secrets
import TestSupport
import Testing

/// The secret as text, for comparing. Only tests do this.
private func text(_ source: String, purpose: String = "User PIN for token payroll") throws -> String {
  let secret = try SecretSource(parsing: source).read(purpose: purpose)
  return secret.withBytes { bytes in String(decoding: bytes.indices.map { bytes[$0] }, as: UTF8.self) }
}

/// The error of a refused source; checks on the way that the secret is nowhere in it.
private func refusal(_ source: String, hiding secret: String = "774411") throws -> SecretError {
  let error = try #require(throws: SecretError.self) { _ = try text(source) }
  #expect(!"\(error) \(error.hint ?? "") \(String(reflecting: error))".contains(secret))
  return error
}

@Suite("A secret from a file")
struct SecretFileTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  @Test(
    "loses exactly one newline",
    arguments: [
      ("774411", "774411"), ("774411\n", "774411"), ("774411\r\n", "774411"), ("774411\n\n", "774411\n"), ("774411\r", "774411\r"),
      (" 774411 \n", " 774411 "),
    ])
  func newline(content: String, expected: String) throws {
    #expect(try text("file:" + folder.write(content.utf8, to: "pin")) == expected)
  }

  @Test("may be read-only for its owner")
  func readOnly() throws {
    let path = try folder.write("774411".utf8, to: "pin")
    try folder.setMode(0o400, of: "pin")
    #expect(try text("file:" + path) == "774411")
  }

  @Test("SECRET-EMPTY: nothing, or nothing but a newline, is no secret", arguments: ["", "\n", "\r\n"])
  func empty(content: String) throws {
    #expect(try refusal("file:" + folder.write(content.utf8, to: "pin")).rule == .empty)
  }

  @Test("SECRET-LENGTH: 1024 bytes are taken, one more is refused", arguments: ["", "\n", "\r\n"])
  func length(newline: String) throws {
    let longest = String(repeating: "7", count: SecretSource.maximumCount)
    #expect(try text("file:" + folder.write((longest + newline).utf8, to: "pin")) == longest)
    #expect(try refusal("file:" + folder.write((longest + "7" + newline).utf8, to: "pin"), hiding: "7777777777").rule == .length)
    #expect(try refusal("file:" + folder.write(Data(repeating: 0x37, count: 5_000_000), to: "pin"), hiding: "7777777777").rule == .length)
  }

  @Test(
    "SECRET-FILE-MODE: permissions for group or others are refused",
    arguments: [0o640, 0o604, 0o620, 0o610, 0o601, 0o644, 0o666] as [mode_t])
  func mode(mode: mode_t) throws {
    let path = try folder.write("774411".utf8, to: "pin")
    try folder.setMode(mode, of: "pin")
    let error = try refusal("file:" + path)
    #expect(error.rule == .fileMode)
    #expect(error.message.contains("0" + String(mode, radix: 8)))
    #expect(error.operation == "read the user PIN for token payroll from file:\(path)")
  }

  @Test("SECRET-FILE-OWNER: another user's file is refused", .enabled(if: geteuid() == 0, "only root can give a file away"))
  func owner() throws {
    let path = try folder.write("774411".utf8, to: "pin")
    try folder.giveAway("pin")
    let error = try refusal("file:" + path)
    #expect(error.rule == .fileOwner)
    #expect(error.message.contains("65534"))
  }

  @Test("SECRET-FILE-TYPE: a symbolic link is refused, also to a good file")
  func link() throws {
    try folder.write("774411".utf8, to: "pin")
    try folder.makeLink("link", to: "pin")
    #expect(try refusal("file:" + folder.path("link")).rule == .fileType)
  }

  @Test("SECRET-FILE-TYPE: a pipe is refused at once, without waiting for a writer")
  func pipe() throws {
    try folder.makePipe("pipe")
    let error = try refusal("file:" + folder.path("pipe"))
    #expect(error.rule == .fileType)
    #expect(error.hint?.contains("fd:N") == true)
  }

  @Test("SECRET-FILE-TYPE: folders, devices and sockets are refused")
  func otherTypes() throws {
    #expect(try refusal("file:" + folder.path).rule == .fileType)
    #expect(try refusal("file:/dev/null").rule == .fileType)
  }

  @Test("SECRET-FILE-READABLE: a missing file is named")
  func missing() throws {
    let error = try refusal("file:" + folder.path("none"))
    #expect(error.rule == .fileReadable)
    #expect(error.description.contains("No such file"))
    #expect(error.description.hasSuffix("[SECRET-FILE-READABLE]"))
  }

  @Test("a label with control characters cannot steer the terminal through an error")
  func controlCharacters() throws {
    let error = try #require(throws: SecretError.self) { _ = try text("file:" + folder.path("none"), purpose: "PIN for \u{1b}[2J\u{7}") }
    #expect(error.operation.hasPrefix("read the PIN for ?[2J? from"))
  }
}

@Suite("A secret from a descriptor")
struct SecretDescriptorTests {
  /// Runs `body` with the descriptor of a pipe that holds the bytes and is closed on the other side.
  private func withPipe(_ content: [UInt8], _ body: (CInt) throws -> Void) throws {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: content)
    try pipe.fileHandleForWriting.close()
    try body(pipe.fileHandleForReading.fileDescriptor)
  }

  @Test("is read to its end", arguments: ["774411", "774411\n"])
  func whole(content: String) throws {
    try withPipe(Array(content.utf8)) { descriptor in
      let secret = try text("fd:\(descriptor)")
      #expect(secret == "774411")
    }
  }

  @Test("SECRET-EMPTY: a second reading finds nothing and says why")
  func twice() throws {
    try withPipe(Array("774411".utf8)) { descriptor in
      _ = try text("fd:\(descriptor)")
      let error = try refusal("fd:\(descriptor)")
      #expect(error.rule == .empty)
      #expect(error.hint?.contains("only once") == true)
    }
  }

  @Test("SECRET-LENGTH: an endless writer is read no further than the limit")
  func endless() throws {
    let zero = try FileHandle(forReadingFrom: URL(filePath: "/dev/zero"))
    #expect(try refusal("fd:\(zero.fileDescriptor)").rule == .length)
  }

  @Test("SECRET-DESCRIPTOR-TIME: a writer that does not write, or does not close, is not waited for without end", arguments: ["", "7744"])
  func silentWriter(content: String) throws {
    let pipe = Pipe()
    try pipe.fileHandleForWriting.write(contentsOf: Array(content.utf8))
    let error = #expect(throws: SecretError.self) {
      _ = try SecretSource.contents(
        ofDescriptor: pipe.fileHandleForReading.fileDescriptor, "read", patience: .milliseconds(50))
    }
    #expect(error?.rule == .descriptorTime)
    #expect(SecretSource.descriptorPatience == .seconds(300), "a person may be behind it")
    try pipe.fileHandleForWriting.close()
  }

  @Test("SECRET-DESCRIPTOR: a closed descriptor is refused")
  func closed() throws {
    let error = try refusal("fd:987654")
    #expect(error.rule == .descriptor)
    #expect(error.message.contains("not open"))
  }

  @Test("SECRET-DESCRIPTOR: a terminal is refused, because it would show what is typed")
  func terminal() throws {
    let terminal = try PseudoTerminal()
    let handle = try FileHandle(forUpdating: URL(filePath: terminal.path))
    let error = try refusal("fd:\(handle.fileDescriptor)")
    #expect(error.rule == .descriptor)
    #expect(error.hint == "use prompt")
  }
}

/// These change the environment of the test process, so they run in processes of their own.
@Suite("A secret from the environment or the service manager")
struct SecretEnvironmentTests {
  let folder: TemporaryFolder
  init() throws { folder = try TemporaryFolder() }

  private func probe(_ source: String, _ environment: [String: String]) async throws -> ProgramResult {
    let result = try await run(BuiltProduct.path("secrets-probe"), [source], environment: environment)
    #expect(!(result.standardOutput + result.standardError).contains("774411"))
    return result
  }

  @Test("a variable's value is the secret")
  func variable() async throws {
    #expect(try await probe("env:HSMKEY_TEST_PIN", ["HSMKEY_TEST_PIN": "774411"]).standardOutput == "got 6 bytes\n")
  }

  @Test("a variable is taken out of the environment when it is read, for other processes too, and can be read again all the same")
  func variableIsTaken() async throws {
    let result = try await run(
      BuiltProduct.path("secrets-probe"), ["env:HSMKEY_TEST_PIN", "--again"], environment: ["HSMKEY_TEST_PIN": "774411"])
    #expect(result.standardOutput == "got 6 bytes\ngot 6 bytes\nvariable: \nothers see: HSMKEY_TEST_PIN=\nset anew: got 4 bytes\n")
  }

  @Test("SECRET-ENVIRONMENT: a variable that is not set is refused")
  func unset() async throws {
    let result = try await probe("env:HSMKEY_TEST_PIN", ["HSMKEY_TEST_PIN": ""])
    #expect(result.exitCode == 1)
    #expect(result.standardError.contains("[SECRET-ENVIRONMENT]"))
  }

  @Test("a credential is read from the folder that the service manager names", arguments: [0o400, 0o600, 0o440] as [mode_t])
  func credential(mode: mode_t) async throws {
    try folder.write("774411\n".utf8, to: "hsm-pin")
    try folder.setMode(mode, of: "hsm-pin")
    // 0440 is what systemd gives to root's copies; for files of other users it stays refused.
    let accepted = mode != 0o440 || geteuid() == 0
    let result = try await probe("credential:hsm-pin", ["CREDENTIALS_DIRECTORY": folder.path])
    #expect(result.exitCode == (accepted ? 0 : 1))
    #expect(accepted ? result.standardOutput == "got 6 bytes\n" : result.standardError.contains("[SECRET-FILE-MODE]"))
  }

  @Test(
    "SECRET-CREDENTIAL: outside a service, or with a missing credential, there is none",
    arguments: ["", "relative", "/nonexistent", "folder"])
  func noCredential(directory: String) async throws {
    let result = try await probe("credential:hsm-pin", ["CREDENTIALS_DIRECTORY": directory == "folder" ? folder.path : directory])
    #expect(result.exitCode == 1)
    #expect(result.standardError.contains("[SECRET-CREDENTIAL]"))
  }

  @Test("SECRET-CREDENTIAL: a folder that others can write to is not the service manager's")
  func openFolder() async throws {
    try folder.write("774411\n".utf8, to: "hsm-pin")
    try folder.setMode(0o777)
    #expect(try await probe("credential:hsm-pin", ["CREDENTIALS_DIRECTORY": folder.path]).standardError.contains("[SECRET-CREDENTIAL]"))
  }

  @Test("SECRET-FILE-MODE, SECRET-FILE-TYPE: a credential that others can read, or a link, is refused")
  func badCredential() async throws {
    try folder.write("774411\n".utf8, to: "hsm-pin")
    try folder.makeLink("link", to: "hsm-pin")
    #expect(try await probe("credential:link", ["CREDENTIALS_DIRECTORY": folder.path]).standardError.contains("[SECRET-FILE-TYPE]"))
    try folder.setMode(0o444, of: "hsm-pin")
    #expect(try await probe("credential:hsm-pin", ["CREDENTIALS_DIRECTORY": folder.path]).standardError.contains("[SECRET-FILE-MODE]"))
  }
}
