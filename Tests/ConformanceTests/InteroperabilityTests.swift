import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

/// Other programs sign with keys that we made, and we with theirs, all of them on one kind of token: SoftHSM.
@Suite("Interoperability with other programs", .enabled(if: OtherPrograms.isToRun("softhsm2-util"), "SoftHSM is not installed"))
struct InteroperabilityTests {
  private static let kinds = ["rsa-2048", "ecdsa-p256"]

  // MARK: OpenSC's pkcs11-tool

  @Test(
    "pkcs11-tool signs with keys that we made", .enabled(if: OtherPrograms.isToRun("pkcs11-tool"), "pkcs11-tool is not installed (opensc)"),
    arguments: kinds)
  func pkcs11ToolUsesOurs(kind: String) async throws {
    let shared = try SharedToken()
    let key = try await shared.makeKey(kind, named: "ours")
    let mechanism = kind == "rsa-2048" ? "SHA256-RSA-PKCS" : "ECDSA"
    // SoftHSM has ECDSA over a digest only.
    if kind != "rsa-2048" { try await shared.run("openssl", ["dgst", "-sha256", "-binary", "-out", "digest", "message"]) }
    try await shared.run(
      "pkcs11-tool",
      pkcs11Tool(shared) + [
        "--sign", "--mechanism", mechanism, "--signature-format", "openssl", "--id", key.identifier,
        "--input-file", kind == "rsa-2048" ? "message" : "digest", "--output-file", "theirs.sig",
      ])
    try await shared.expectVerifies("theirs.sig", with: key.publicKey)
  }

  @Test(
    "We sign with keys that pkcs11-tool made", .enabled(if: OtherPrograms.isToRun("pkcs11-tool"), "pkcs11-tool is not installed (opensc)"),
    arguments: kinds)
  func weUsePKCS11Tool(kind: String) async throws {
    let shared = try SharedToken()
    try await shared.run(
      "pkcs11-tool",
      pkcs11Tool(shared) + [
        "--keypairgen", "--key-type", kind == "rsa-2048" ? "rsa:2048" : "EC:prime256v1", "--usage-sign", "--label", "theirs",
        "--id", "0102",
      ])
    let report = try await shared.expectUsable("theirs", as: kind)
    #expect(report.identifier == "0102")
    // Its keys decrypt and unwrap too, whatever it was told, and the identifier is a short one.
    #expect(report.objections == ["KEY-NOT-COPYABLE", "KEY-SIGN-ONLY", "KEY-UNIQUE-ID"])
  }

  private func pkcs11Tool(_ shared: SharedToken) -> [String] {
    ["--module", SharedToken.modulePath, "--token-label", shared.token.label, "--login", "--pin", shared.token.userPIN]
  }

  // MARK: GnuTLS's p11tool and certtool

  @Test(
    "GnuTLS signs a certificate request with keys that we made",
    .enabled(if: OtherPrograms.isToRun("p11tool"), "p11tool is not installed (gnutls-bin)"), arguments: kinds)
  func gnuTLSUsesOurs(kind: String) async throws {
    let shared = try SharedToken()
    let key = try await shared.makeKey(kind, named: "ours")
    let provider = ["--provider", SharedToken.modulePath]
    let uri = "pkcs11:token=shared;object=ours"
    let pin = ["GNUTLS_PIN": shared.token.userPIN]
    try await shared.run("p11tool", provider + ["--login", "--test-sign", uri + ";type=private"], environment: pin)
    try shared.fixture.folder.write("cn = \"shared\"\n".utf8, to: "template")
    try await shared.run(
      "certtool",
      provider + [
        "--generate-request", "--template", "template", "--load-privkey", uri + ";type=private", "--load-pubkey", uri + ";type=public",
        "--outfile", "request.pem",
      ], environment: pin)
    // GnuTLS has another word for it in PEM.
    let text = try String(contentsOfFile: shared.path("request.pem"), encoding: .utf8)
    let request = try CertificateSigningRequest(pemEncoded: text.replacing("NEW CERTIFICATE REQUEST", with: "CERTIFICATE REQUEST"))
    let publicKey = try Certificate.PublicKey(pemEncoded: key.publicKey)
    #expect(request.publicKey == publicKey)
    #expect(publicKey.isValidSignature(request.signature, for: request))
  }

  @Test(
    "We sign with keys that p11tool made", .enabled(if: OtherPrograms.isToRun("p11tool"), "p11tool is not installed (gnutls-bin)"),
    arguments: kinds)
  func weUseP11Tool(kind: String) async throws {
    let shared = try SharedToken()
    try await shared.run(
      "p11tool",
      ["--provider", SharedToken.modulePath, "--login"]
        + (kind == "rsa-2048" ? ["--generate-privkey=rsa", "--bits=2048"] : ["--generate-privkey=ecdsa", "--curve=secp256r1"])
        + ["--label", "theirs", "--outfile", "theirs.pem", "pkcs11:token=shared"],
      environment: ["GNUTLS_PIN": shared.token.userPIN])
    let report = try await shared.expectUsable("theirs", as: kind)
    #expect(report.objections == ["KEY-NOT-COPYABLE", "KEY-SIGN-ONLY"])
  }

  // MARK: python-pkcs11

  private static let whyNoPython: Comment = "HSMKEY_TEST_PYTHONPATH does not say where python-pkcs11 is"

  @Test(
    "python-pkcs11 signs with keys that we made", .enabled(if: OtherPrograms.pythonPath != nil || Backend.areRequired, whyNoPython),
    arguments: kinds)
  func pythonUsesOurs(kind: String) async throws {
    let shared = try SharedToken()
    let key = try await shared.makeKey(kind, named: "ours")
    try await python(
      """
      key = session.get_key(object_class=ObjectClass.PRIVATE_KEY, id=bytes.fromhex(sys.argv[4]))
      message = open("message", "rb").read()
      if key.key_type == KeyType.RSA:
        signature = key.sign(message, mechanism=Mechanism.SHA256_RSA_PKCS)
      else:
        signature = encode_ecdsa_signature(key.sign(hashlib.sha256(message).digest(), mechanism=Mechanism.ECDSA))
      open("theirs.sig", "wb").write(signature)
      """, shared, [key.identifier])
    try await shared.expectVerifies("theirs.sig", with: key.publicKey)
  }

  @Test(
    "We sign with keys that python-pkcs11 made", .enabled(if: OtherPrograms.pythonPath != nil || Backend.areRequired, whyNoPython),
    arguments: kinds)
  func weUsePython(kind: String) async throws {
    let shared = try SharedToken()
    try await python(
      """
      if sys.argv[4] == "rsa-2048":
        session.generate_keypair(KeyType.RSA, 2048, store=True, label="theirs", id=b"\\x01\\x02")
      else:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1")}
        session.create_domain_parameters(KeyType.EC, curve, local=True).generate_keypair(store=True, label="theirs", id=b"\\x01\\x02")
      """, shared, [kind])
    _ = try await shared.expectUsable("theirs", as: kind)
  }

  private func python(_ script: String, _ shared: SharedToken, _ arguments: [String]) async throws {
    let path = try #require(OtherPrograms.pythonPath, Self.whyNoPython)
    let begin = """
      import hashlib, pkcs11, sys
      from pkcs11 import Attribute, KeyType, Mechanism, ObjectClass
      from pkcs11.util.ec import encode_ecdsa_signature, encode_named_curve_parameters
      module, label, pin = sys.argv[1:4]
      session = pkcs11.lib(module).get_token(token_label=label).open(rw=True, user_pin=pin)
      """
    try await shared.run(
      "python3",
      ["-c", begin + "\n" + script + "\nsession.close()", SharedToken.modulePath, shared.token.label, shared.token.userPIN] + arguments,
      environment: ["PYTHONPATH": path])
  }

  // MARK: OpenSSL's engine: it makes no keys that we could use

  @Test(
    "OpenSSL's engine signs with keys that we made",
    .enabled(if: OtherPrograms.engineIsPresent || Backend.areRequired, "the engine is not installed (libengine-pkcs11-openssl)"),
    arguments: kinds)
  func engineUsesOurs(kind: String) async throws {
    let shared = try SharedToken()
    let key = try await shared.makeKey(kind, named: "ours")
    let uri = "pkcs11:token=shared;object=ours;type=private;pin-value=\(shared.token.userPIN)"
    let pss = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    for options in kind == "rsa-2048" ? [[], pss] : [[]] {
      try await shared.run(
        "openssl",
        ["dgst", "-engine", "pkcs11", "-keyform", "engine", "-sha256", "-sign", uri, "-out", "theirs.sig"] + options + ["message"],
        environment: ["PKCS11_MODULE_PATH": SharedToken.modulePath])
      try await shared.expectVerifies("theirs.sig", with: key.publicKey, options)
    }
  }

  @Test(
    "A certificate that OpenSSL's engine signs with our key is one for our key",
    .enabled(if: OtherPrograms.engineIsPresent || Backend.areRequired, "the engine is not installed (libengine-pkcs11-openssl)"),
    arguments: kinds)
  func engineCertifiesOurs(kind: String) async throws {
    let shared = try SharedToken()
    let key = try await shared.makeKey(kind, named: "ours")
    try await shared.run(
      "openssl",
      [
        "req", "-new", "-x509", "-engine", "pkcs11", "-keyform", "engine", "-days", "1", "-subj", "/CN=shared", "-out", "certificate.pem",
        "-key", "pkcs11:token=shared;object=ours;type=private;pin-value=\(shared.token.userPIN)",
      ], environment: ["PKCS11_MODULE_PATH": SharedToken.modulePath])
    let certificate = try Certificate(pemEncoded: String(contentsOfFile: shared.path("certificate.pem"), encoding: .utf8))
    let publicKey = try Certificate.PublicKey(pemEncoded: key.publicKey)
    #expect(certificate.publicKey == publicKey)
    #expect(publicKey.isValidSignature(certificate.signature, for: certificate))
  }
}
