import Foundation
import Secrets
import TestSupport
import Testing

@Suite("A folder that only its owner can look into")
struct OwnerOnlyFolderTests {
  private let place: TemporaryFolder
  private var path: String { place.path("a/b/c") }

  init() throws { place = try TemporaryFolder() }

  private func error(_ body: () throws -> Void) -> SecretError? { #expect(throws: SecretError.self) { try body() } }

  private func mode(_ name: String) throws -> Int? {
    try (FileManager.default.attributesOfItem(atPath: place.path(name))[.posixPermissions] as? NSNumber)?.intValue
  }

  @Test("It is made with the folders above it, and what is written is read, whole, with nothing beside it")
  func files() throws {
    let folder = try OwnerOnlyFolder(path: path)
    #expect(try folder.read("x", limit: 10) == nil)
    try folder.write([1, 2, 3], to: "x")
    try folder.write([4, 5], to: "x")
    #expect(try OwnerOnlyFolder(path: path).read("x", limit: 2) == [4, 5])
    #expect(try FileManager.default.contentsOfDirectory(atPath: path) == ["x"])
    for (name, expected) in [("a", 0o700), ("a/b", 0o700), ("a/b/c", 0o700), ("a/b/c/x", 0o600)] { #expect(try mode(name) == expected) }
    try folder.remove("x")
    try folder.remove("x")
    #expect(try folder.read("x", limit: 10) == nil)
  }

  @Test("SECRET-LENGTH: a file beyond the limit is not read")
  func length() throws {
    let folder = try OwnerOnlyFolder(path: path)
    try folder.write([UInt8](repeating: 0, count: 11), to: "x")
    #expect(error { _ = try folder.read("x", limit: 10) }?.rule == .length)
  }

  @Test("A draft that an interrupted writer left is in nobody's way")
  func draft() throws {
    let folder = try OwnerOnlyFolder(path: path)
    try place.write([9], to: "a/b/c/x.new")
    try folder.write([1], to: "x")
    #expect(try folder.read("x", limit: 1) == [1])
  }

  @Test("SECRET-FOLDER: a folder that lets others in, is a link or a file, or cannot be made is refused")
  func folders() throws {
    _ = try OwnerOnlyFolder(path: path)
    try place.setMode(0o750, of: "a/b/c")
    #expect(error { _ = try OwnerOnlyFolder(path: path) }?.rule == .folder)
    try place.setMode(0o700, of: "a/b/c")
    try place.makeLink("link", to: "a/b/c")
    try place.write([], to: "file")
    for wrong in [place.path("link"), place.path("file"), place.path("file/x"), "", "/proc/nothing/here"] {
      #expect(error { _ = try OwnerOnlyFolder(path: wrong) }?.rule == .folder, "\(wrong)")
    }
  }

  @Test(
    "SECRET-FOLDER, SECRET-FILE-OWNER: what belongs to another user is refused",
    .enabled(if: geteuid() == 0, "only root can give files away"))
  func owner() throws {
    let folder = try OwnerOnlyFolder(path: path)
    try folder.write([1], to: "x")
    try place.giveAway("a/b/c/x")
    #expect(error { _ = try folder.read("x", limit: 1) }?.rule == .fileOwner)
    #expect(error { _ = try folder.lock("x", waiting: .zero) }?.rule == .fileOwner)
    try place.giveAway("a/b/c")
    #expect(error { _ = try OwnerOnlyFolder(path: path) }?.rule == .folder)
  }

  @Test("SECRET-FILE-TYPE, SECRET-FILE-MODE: a link, a pipe, a folder and a file that is open to others are not read")
  func types() throws {
    let folder = try OwnerOnlyFolder(path: path)
    try folder.write([1], to: "x")
    try place.makeLink("a/b/c/link", to: "a/b/c/x")
    try place.makePipe("a/b/c/pipe")
    _ = try OwnerOnlyFolder(path: path + "/sub")
    for name in ["link", "pipe", "sub"] { #expect(error { _ = try folder.read(name, limit: 1) }?.rule == .fileType) }
    #expect(error { _ = try folder.lock("link", waiting: .zero) }?.rule == .fileType)
    try place.setMode(0o640, of: "a/b/c/x")
    #expect(error { _ = try folder.read("x", limit: 1) }?.rule == .fileMode)
  }

  @Test("SECRET-FILE-WRITABLE: a file that cannot be written leaves the one before as it was")
  func unwritable() throws {
    let folder = try OwnerOnlyFolder(path: path)
    try folder.write([1], to: "x")
    // A folder in the place of the draft cannot be removed or written.
    _ = try OwnerOnlyFolder(path: path + "/x.new")
    #expect(error { try folder.write([2], to: "x") }?.rule == .fileWritable)
    #expect(try folder.read("x", limit: 1) == [1])
  }

  @Test("A lock has one holder, waits as long as it is allowed, and is free when it is given back")
  func locks() throws {
    let (one, two) = (try OwnerOnlyFolder(path: path), try OwnerOnlyFolder(path: path))
    let lock = try #require(try one.lock("l", waiting: .zero))
    #expect(try two.lock("l", waiting: .milliseconds(30)) == nil)
    #expect(try two.lock("other", waiting: .zero) != nil)
    lock.release()
    #expect(try two.lock("l", waiting: .zero) != nil)
  }
}
