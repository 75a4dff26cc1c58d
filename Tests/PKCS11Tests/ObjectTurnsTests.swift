import Foundation
import Synchronization
import TestSupport
import Testing

@testable import PKCS11

@Suite("Searches and what changes objects take turns", .timeLimit(.minutes(5)))
struct ObjectTurnsTests {
  /// Who is between the entrance and the exit, and whether both sides ever were at once.
  private final class Room: Sendable {
    private let state = Mutex((searching: 0, writing: 0, together: false, most: 0))

    func stay(_ side: ObjectTurns.Side) {
      state.withLock { state in
        if side == .searching { state.searching += 1 } else { state.writing += 1 }
        state.together = state.together || (state.searching > 0 && state.writing > 0)
        state.most = max(state.most, state.searching, state.writing)
      }
      usleep(200)
      state.withLock { state in if side == .searching { state.searching -= 1 } else { state.writing -= 1 } }
    }

    var wereTogether: Bool { state.withLock { $0.together } }
    var most: Int { state.withLock { $0.most } }
  }

  @Test("both sides are never in at once, several of one side are, and everybody comes out")
  func turns() async {
    let turns = ObjectTurns()
    turns.isNeeded.store(true, ordering: .relaxed)
    let room = Room()
    await onThreads(8) { number in
      let side: ObjectTurns.Side = number % 2 == 0 ? .searching : .writing
      for _ in 0..<200 { turns.take(for: side == .searching ? .C_FindObjectsInit : .C_CreateObject) { room.stay(side) } }
    }
    #expect(!room.wereTogether)
    #expect(room.most > 1)
  }

  @Test("a module that does not need it lets both in")
  func notNeeded() async {
    let turns = ObjectTurns()
    let room = Room()
    await onThreads(8) { number in
      let side: ObjectTurns.Side = number % 2 == 0 ? .searching : .writing
      for _ in 0..<200 { turns.take(for: side == .searching ? .C_FindObjectsInit : .C_CreateObject) { room.stay(side) } }
    }
    #expect(room.wereTogether)
  }

  @Test("a call that does not return keeps nobody out for ever")
  func patience() async {
    let turns = ObjectTurns(patience: .milliseconds(50))
    turns.isNeeded.store(true, ordering: .relaxed)
    let end = DispatchSemaphore(value: 0)
    let isIn = DispatchSemaphore(value: 0)
    let hanging = Thread {
      turns.take(for: .C_GenerateKeyPair) {
        isIn.signal()
        end.wait()
      }
    }
    hanging.start()
    await onThreads(1) { _ in
      isIn.wait()
      turns.take(for: .C_FindObjectsInit) {}
      turns.take(for: .C_FindObjectsInit) {}
      // Searches that went in regardless have left again: the other side is not kept out by them.
      turns.take(for: .C_CreateObject) {}
    }
    end.signal()
  }

  @Test("what makes, changes or destroys is kept apart from searches; signing and reading wait for nobody")
  func sides() {
    #expect(ObjectTurns.Side(.C_FindObjectsInit) == .searching)
    for function in CryptokiFunction.allCases where function.kind == .makesObject { #expect(ObjectTurns.Side(function) == .writing) }
    #expect(ObjectTurns.Side(.C_DestroyObject) == .writing)
    #expect(ObjectTurns.Side(.C_SetAttributeValue) == .writing)
    for function in [CryptokiFunction.C_Sign, .C_SignInit, .C_GetAttributeValue, .C_FindObjects, .C_FindObjectsFinal, .C_Login] {
      #expect(ObjectTurns.Side(function) == nil)
    }
  }

  @Test(
    "on SoftHSM, which mixes them up by itself, eight threads that make objects and search get every object made",
    .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
  func softHSM() async throws {
    let bed = try TokenTestbed()
    let isNeeded = bed.token.module.cryptoki.objectTurns.isNeeded.load(ordering: .relaxed)
    #expect(isNeeded)
    let failures = Mutex<[String]>([])
    let holder = try bed.session()
    await onThreads(8) { number in
      do {
        var session = try bed.token.openSession(.readWrite)
        for round in 0..<12 {
          let identifier: [UInt8] = [0xA0, UInt8(number), UInt8(round)]
          let made = try session.createObject([
            Attribute(.objectClass, ObjectClass.certificate), Attribute(.certificateType, CertificateType.x509), Attribute(.token, true),
            Attribute(.isPrivate, false), Attribute(.id, identifier), Attribute(.label, "turn"), Attribute(.subject, [0x30, 0x00]),
            Attribute(.value, [0x30, 0x00] + identifier),
          ])
          if round % 4 == 0 { _ = try makeP256Key(&session, label: "turn", id: identifier) }
          for _ in 0..<3 {
            let found = try session.findObjects(matching: [
              Attribute(.objectClass, ObjectClass.certificate), Attribute(.id, identifier),
            ])
            if found.count != 1 { failures.withLock { $0.append("\(found.count) objects with one identifier, \(made) among them") } }
          }
        }
        try session.close()
      } catch {
        failures.withLock { $0.append("\(error)") }
      }
    }
    try holder.close()
    #expect(failures.withLock { $0 } == [])
  }

  /// Runs the body on threads of its own, since it blocks.
  private func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) async {
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<count {
        group.addTask {
          await withCheckedContinuation { continuation in
            Thread {
              body(number)
              continuation.resume()
            }.start()
          }
        }
      }
    }
  }
}
