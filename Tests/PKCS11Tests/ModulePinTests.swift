import Crypto
import Foundation
import PKCS11
import TestSupport
import Testing

@Suite("What a module's file must be before it is loaded")
struct ModulePinTests {
  private let folder: TemporaryFolder
  private let path: String
  private static let content = Array("the module".utf8)
  private static let nobody: UInt32 = 65534
  private static let isRoot = geteuid() == 0

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: folder.path("lib"), withIntermediateDirectories: false)
    path = try folder.write(Self.content, to: "lib/module.so")
    try Self.chmod(0o755, folder.path("lib"))
  }

  private static let own = ModulePin(owner: .currentUser)

  private static func chmod(_ mode: Int, _ path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
  }

  private static func giveAway(_ path: String) throws {
    try FileManager.default.setAttributes([.ownerAccountID: nobody], ofItemAtPath: path)
  }

  private func refusal(_ pin: ModulePin = own, of path: String? = nil) throws -> PKCS11Error {
    let file = try ModuleFile(path: path ?? self.path)
    let error = try pkcs11Error { try file.check(pin) }
    #expect(try pkcs11Error { _ = try Module(path: path ?? self.path, pin: pin) }.rule == error.rule)
    return error
  }

  @Test("a file is described as it is, without being run: size, digest, owner, group, mode, and where its links lead")
  func description() throws {
    let link = folder.path("link.so")
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "./lib/../lib/module.so")
    try Self.chmod(0o640, path)
    let file = try ModuleFile(path: link)
    #expect(file.path == link)
    #expect(file.realPath == URL(filePath: path).resolvingSymlinksInPath().path)
    #expect(file.size == Self.content.count)
    #expect(file.sha256 == Array(SHA256.hash(data: Self.content)))
    #expect(file.owner == geteuid())
    #expect(file.mode == 0o640)
    #expect(file.modeText == "640")
    let attributes = try FileManager.default.attributesOfItem(atPath: path)
    #expect((attributes[.groupOwnerAccountID] as? NSNumber)?.uint32Value == file.group)
    try file.check(Self.own)
  }

  @Test("a large file is digested whole")
  func large() throws {
    let content = (0..<1_000_003).map { UInt8(truncatingIfNeeded: $0 &* 31) }
    try folder.write(content, to: "lib/module.so")
    let file = try ModuleFile(path: path)
    #expect(file.size == content.count)
    #expect(file.sha256 == Array(SHA256.hash(data: content)))
  }

  @Test("MODULE-ABSOLUTE-PATH: a name that would be looked for is refused", arguments: ["module.so", "", "./module.so", "~/module.so"])
  func relative(path: String) throws {
    #expect(try pkcs11Error { _ = try ModuleFile(path: path) }.rule == .moduleAbsolutePath)
    #expect(try pkcs11Error { _ = try Module(path: path) }.rule == .moduleAbsolutePath)
  }

  @Test("MODULE-ABSOLUTE-PATH: a $ is refused, which the loader would replace, also behind a link", arguments: ["$LIB", "${ORIGIN}"])
  func dollar(name: String) throws {
    try folder.write(Self.content, to: "lib/\(name).so")
    let path = folder.path("lib/\(name).so")
    try FileManager.default.createSymbolicLink(atPath: folder.path("innocent.so"), withDestinationPath: path)
    for path in [path, folder.path("innocent.so")] {
      #expect(try pkcs11Error { _ = try ModuleFile(path: path) }.rule == .moduleAbsolutePath)
      #expect(try pkcs11Error { _ = try Module(path: path) }.rule == .moduleAbsolutePath)
    }
  }

  @Test("MODULE-PATH: links that lead in a circle end somewhere")
  func circle() throws {
    try FileManager.default.createSymbolicLink(atPath: folder.path("a"), withDestinationPath: "b")
    try FileManager.default.createSymbolicLink(atPath: folder.path("b"), withDestinationPath: "a")
    #expect(try pkcs11Error { _ = try ModuleFile(path: folder.path("a")) }.rule == .modulePath)
  }

  @Test("MODULE-PATH: what is no regular file is not opened for long: a folder, a pipe, a device", arguments: ["lib", "pipe", "/dev/zero"])
  func noFile(name: String) async throws {
    #expect(try await run("mkfifo", [folder.path("pipe")]).succeeded)
    let error = try pkcs11Error { _ = try ModuleFile(path: name.hasPrefix("/") ? name : folder.path(name)) }
    #expect(error.rule == .modulePath)
  }

  @Test("MODULE-OWNER: a file of another user is refused, unless that user is named; root's is always good")
  func owner() throws {
    if Self.isRoot { try Self.giveAway(path) }
    let other: UInt32 = Self.isRoot ? Self.nobody : geteuid()
    let error = try refusal(ModulePin())
    #expect(error.rule == .moduleOwner)
    #expect(error.message.contains("belongs to user \(other), not to root"))
    #expect(try refusal(ModulePin(owner: .user(other &+ 1))).rule == .moduleOwner)
    try ModuleFile(path: path).check(ModulePin(owner: .user(other)))
    if Self.isRoot { #expect(try refusal().rule == .moduleOwner, "the process's own user is root here") }
    try ModuleFile(path: "/etc/passwd").check(ModulePin())
    try ModuleFile(path: "/etc/passwd").check(ModulePin(owner: .user(12345)))
  }

  @Test(
    "MODULE-OWNER: a folder or a link on the way that is another user's is refused", .enabled(if: isRoot, "only root gives files away"),
    arguments: ["folder", "link", "folder of the link"])
  func wayOfAnother(_ what: String) throws {
    let outer = folder.path("links")
    try FileManager.default.createDirectory(atPath: outer, withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(atPath: "\(outer)/link.so", withDestinationPath: path)
    switch what {
    case "folder": try Self.giveAway(folder.path("lib"))
    case "folder of the link": try Self.giveAway(outer)
    default: try Self.giveAway(link: "\(outer)/link.so")
    }
    let error = try refusal(of: "\(outer)/link.so")
    #expect(error.rule == .moduleOwner)
    #expect(error.message.contains(what == "folder" ? folder.path("lib") : outer))
  }

  /// `setAttributes` would follow the link.
  private static func giveAway(link: String) throws {
    let process = Process()
    process.executableURL = URL(filePath: "/bin/chown")
    process.arguments = ["-h", "\(nobody)", link]
    try process.run()
    process.waitUntilExit()
  }

  @Test("MODULE-NOT-WRITABLE: a file that others can change is refused, whatever their group", arguments: [0o666, 0o646, 0o664, 0o620])
  func writableFile(mode: Int) throws {
    try Self.chmod(mode, path)
    let error = try refusal()
    #expect(error.rule == .moduleNotWritable)
    #expect(error.message.contains("(mode \(String(mode, radix: 8)))"))
    #expect(error.message.contains(mode & 0o002 == 0 ? "the group " : "everybody "))
    #expect(error.hint?.contains("chmod go-w") == true)
  }

  @Test("MODULE-NOT-WRITABLE: so is one in a folder in which others could exchange it", arguments: [0o777, 0o775])
  func writableFolder(mode: Int) throws {
    try Self.chmod(mode, folder.path("lib"))
    let error = try refusal()
    #expect(error.rule == .moduleNotWritable)
    #expect(error.message.contains("can write to the folder \(folder.path("lib")) "))
  }

  @Test("MODULE-NOT-WRITABLE: the folder of a link counts as well, and a good link does not hide a bad folder")
  func folderOfLink() throws {
    let open = folder.path("open")
    try FileManager.default.createDirectory(atPath: open, withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(atPath: "\(open)/link.so", withDestinationPath: path)
    try FileManager.default.createSymbolicLink(atPath: folder.path("first.so"), withDestinationPath: "open/link.so")
    try ModuleFile(path: folder.path("first.so")).check(Self.own)
    try Self.chmod(0o777, open)
    #expect(try refusal(of: folder.path("first.so")).message.contains(open))
    try ModuleFile(path: path).check(Self.own)
  }

  @Test("a sticky folder may be open: what is ours cannot be exchanged in it")
  func stickyFolder() throws {
    try Self.chmod(0o1777, folder.path("lib"))
    try ModuleFile(path: path).check(Self.own)
  }

  @Test("MODULE-DIGEST: one byte more or less is another module")
  func digest() throws {
    var pin = Self.own
    pin.sha256 = Array(SHA256.hash(data: Self.content))
    try ModuleFile(path: path).check(pin)
    try folder.write(Self.content + [0], to: "lib/module.so")
    let error = try refusal(pin)
    #expect(error.rule == .moduleDigest)
    #expect(error.message.contains("and pinned is \(pin.sha256?.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() ?? "")"))
    pin.sha256 = []
    #expect(try refusal(pin).rule == .moduleDigest)
  }

  @Test(
    "owners by name and by number",
    arguments: [("root", 0 as UInt32?), ("0", 0), ("65534", 65534), ("nobody-such", nil), ("", nil), ("-1", nil)])
  func owners(text: String, identifier: UInt32?) {
    #expect(ModulePin.Owner(text)?.identifier == identifier)
    #expect(ModulePin.Owner("4294967295") == nil, "no user has the number that means nobody at all")
  }

  @Test("a file that is refused is not loaded: nothing of it runs")
  func notRun() async throws {
    let library = try await Self.library(folder, "FILE *f = fopen(\"\(folder.path("ran"))\", \"w\"); if (f) fclose(f);")
    try Self.chmod(0o757, library)
    #expect(try pkcs11Error { _ = try Module(path: library) }.rule == .moduleNotWritable)
    try Self.chmod(0o755, library)
    #expect(try pkcs11Error { _ = try Module(path: library, pin: ModulePin(owner: .currentUser, sha256: [1])) }.rule == .moduleDigest)
    #expect(!FileManager.default.fileExists(atPath: folder.path("ran")))
    #expect(try pkcs11Error { _ = try Module(path: library) }.rule == .moduleLoads, "no module, and now it ran")
    #expect(FileManager.default.fileExists(atPath: folder.path("ran")))
  }

  @Test("MODULE-UNCHANGED: a file that is exchanged or changed while it is loaded gets no PIN", arguments: ["exchange", "change"])
  func exchanged(how: String) async throws {
    let library = folder.path("lib/changing.so")
    // It does so itself, in its constructor.
    let move = how == "exchange" ? "rename(\"\(library)\", \"\(library).old\");" : ""
    let body = "\(move) FILE *f = fopen(\"\(library)\", \"a\"); if (f) { fputs(\"x\", f); fclose(f); }"
    _ = try await Self.library(folder, body, name: "lib/changing.so", isModule: true)
    let error = try pkcs11Error { _ = try Module(path: library) }
    #expect(error.rule == .moduleUnchanged, "\(error)")
  }

  /// Compiles a library that does something when it is loaded.
  private static func library(
    _ folder: TemporaryFolder, _ body: String, name: String = "running.so", isModule: Bool = false
  ) async throws -> String {
    let list = "int C_GetFunctionList(void **list) { static unsigned char table[1024] = {2, 40}; *list = table; return 0; }"
    let source = try folder.write(
      "#include <stdio.h>\n\(isModule ? list : "")\n__attribute__((constructor)) static void begin(void) { \(body) }\n".utf8,
      to: "running.c")
    let compiled = try await run("cc", ["-shared", "-fPIC", "-o", folder.path(name), source])
    try #require(compiled.succeeded, "\(compiled.standardError)")
    try chmod(0o755, folder.path(name))
    return folder.path(name)
  }

  @Test("a module keeps what its file was when it was loaded, and a pin is held against that")
  func kept() async throws {
    let scripted = try await ScriptedModule()
    let before = try ModuleFile(path: scripted.path)
    let module = try Module(path: scripted.path)
    #expect(module.file == before)
    let handle = try FileHandle(forWritingTo: URL(filePath: scripted.path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0]))
    try handle.close()
    let after = try ModuleFile(path: scripted.path)
    #expect(after.sha256 != before.sha256)
    #expect(try Module(path: scripted.path).file == before, "that is what runs here")
    let pin = ModulePin(owner: .currentUser, sha256: after.sha256)
    #expect(try pkcs11Error { _ = try Module(path: scripted.path, pin: pin) }.rule == .moduleDigest)
    try module.finalize()
  }
}
