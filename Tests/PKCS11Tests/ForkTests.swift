import PKCS11
import TestSupport
import Testing

@Suite("After a fork")
struct ForkTests {
  @Test(
    "MODULE-FORK: a forked child gets a clear error from everything it tries, and the module is not called",
    .enabled(if: SoftHSMFixture.isPresent, Comment(rawValue: SoftHSMFixture.whySkipped)))
  func child() throws {
    let testbed = try TokenTestbed()
    var session = try testbed.session()
    let key = try makeP256Key(&session).privateKey
    let module = testbed.token.module
    let data = [UInt8](repeating: 7, count: 32)
    var childsOwn: Session? = try testbed.session(.readOnly)

    func isRefused(_ body: () throws -> Void) -> Bool {
      do { try body() } catch let error as PKCS11Error { return error.rule == .moduleFork } catch {}
      return false
    }
    let status = try inForkedChild {
      guard isRefused({ _ = try module.tokens() }) else { return 1 }
      guard isRefused({ _ = try Module(path: module.path) }) else { return 2 }
      guard isRefused({ _ = try testbed.token.openSession(.readOnly) }) else { return 3 }
      guard isRefused({ _ = try testbed.token.information() }) else { return 4 }
      guard isRefused({ _ = try session.sign(data, with: .ecdsa, key: key, maximumSignatureSize: 64) }) else { return 5 }
      guard isRefused({ try module.finalize() }) else { return 6 }
      childsOwn = nil  // dropped, which must not close the parent's
      return 0
    }
    #expect(status == 0)
    // The parent goes on as if nothing had been.
    #expect(try session.sign(data, with: .ecdsa, key: key, maximumSignatureSize: 64).count == 64)
    if var kept = childsOwn.take() { #expect(try kept.isUserLoggedIn()) }
    try session.close()
  }
}
