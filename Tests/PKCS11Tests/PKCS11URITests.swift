import PKCS11
import TestSupport
import Testing

@Suite("PKCS #11 URIs")
struct PKCS11URITests {
  @Test("a URI with every attribute is read, and written back in a fixed order")
  func everything() throws {
    let text =
      "pkcs11:id=%00%FFa;type=private;object=my%20key;slot-id=7;slot-description=S;slot-manufacturer=SM;library-version=2.6;"
      + "library-description=L;library-manufacturer=LM;model=SoftHSM%20v2;serial=5a1c;manufacturer=M;token=a;"
    let uri = try PKCS11URI(String(text.dropLast()) + "?module-name=softhsm2&module-path=/usr/lib/softhsm/libsofthsm2.so")
    #expect(uri.label == "a")
    #expect(uri.manufacturer == "M")
    #expect(uri.serialNumber == "5a1c")
    #expect(uri.model == "SoftHSM v2")
    #expect(uri.libraryManufacturer == "LM")
    #expect(uri.libraryDescription == "L")
    #expect(uri.libraryVersion == Version(major: 2, minor: 6))
    #expect(uri.slotManufacturer == "SM")
    #expect(uri.slotDescription == "S")
    #expect(uri.slotIdentifier == 7)
    #expect(uri.objectLabel == "my key")
    #expect(uri.objectClass == .privateKey)
    #expect(uri.objectID == [0, 255, 97])
    #expect(uri.modulePath == "/usr/lib/softhsm/libsofthsm2.so")
    #expect(uri.moduleName == "softhsm2")
    #expect(
      uri.description
        == "pkcs11:token=a;manufacturer=M;serial=5a1c;model=SoftHSM%20v2;library-manufacturer=LM;library-description=L;"
        + "library-version=2.6;slot-manufacturer=SM;slot-description=S;slot-id=7;object=my%20key;type=private;id=%00%FF%61"
        + "?module-path=/usr/lib/softhsm/libsofthsm2.so&module-name=softhsm2")
    #expect(try PKCS11URI(uri.description) == uri)
    #expect(
      uri.objectTemplate == [Attribute(.objectClass, ObjectClass.privateKey), Attribute(.label, "my key"), Attribute(.id, [0, 255, 97])])
  }

  @Test(
    "good URIs",
    arguments: [
      ("pkcs11:", "pkcs11:"), ("pkcs11:?", "pkcs11:"), ("PKCS11:token=x", "pkcs11:token=x"), ("pkcs11:token=", "pkcs11:token="),
      ("pkcs11:token=a=b&c:[]@!$'()*+,", "pkcs11:token=a%3Db%26c%3A%5B%5D%40%21%24%27%28%29%2A%2B%2C"),
      ("pkcs11:token=%C3%A4", "pkcs11:token=%C3%A4"), ("pkcs11:library-version=3", "pkcs11:library-version=3.0"),
      ("pkcs11:id=", "pkcs11:id="),
      ("pkcs11:type=cert", "pkcs11:type=cert"), ("pkcs11:type=secret-key", "pkcs11:type=secret-key"),
      ("pkcs11:token=x?module-path=/a%3Fb/c|d", "pkcs11:token=x?module-path=/a%3Fb/c%7Cd"),
    ])
  func good(_ text: String, _ written: String) throws {
    #expect(try PKCS11URI(text).description == written)
  }

  @Test(
    "URI-SYNTAX, URI-ATTRIBUTE-KNOWN, URI-ATTRIBUTE-ONCE: bad URIs are refused by name",
    arguments: [
      ("", PKCS11Rule.uriSyntax), ("payroll", .uriSyntax), ("pkcs12:token=x", .uriSyntax), ("pkcs11", .uriSyntax),
      ("pkcs11:token", .uriSyntax),
      ("pkcs11:;", .uriSyntax), ("pkcs11:token=x;", .uriSyntax), ("pkcs11:;token=x", .uriSyntax), ("pkcs11:token=x;;serial=y", .uriSyntax),
      ("pkcs11:token=%", .uriSyntax), ("pkcs11:token=%4", .uriSyntax), ("pkcs11:token=%4g", .uriSyntax), ("pkcs11:token=%FF", .uriSyntax),
      ("pkcs11:token=a b", .uriSyntax), ("pkcs11:token=ä", .uriSyntax), ("pkcs11:token=a/b", .uriSyntax), ("pkcs11:token=x#y", .uriSyntax),
      ("pkcs11:token=\0", .uriSyntax), ("pkcs11:type=key", .uriSyntax), ("pkcs11:slot-id=", .uriSyntax), ("pkcs11:slot-id=+1", .uriSyntax),
      ("pkcs11:slot-id=99999999999999999999", .uriSyntax), ("pkcs11:library-version=256", .uriSyntax),
      ("pkcs11:library-version=1.2.3", .uriSyntax), ("pkcs11:library-version=1.", .uriSyntax), ("pkcs11:module-path=/x", .uriSyntax),
      ("pkcs11:?token=x", .uriSyntax), ("pkcs11:token=x?module-name=a&", .uriSyntax), ("pkcs11:token=x?module-name=a;b", .uriSyntax),
      ("pkcs11:token=" + String(repeating: "x", count: 4084), .uriSyntax),
      ("pkcs11:Token=x", .uriAttributeKnown), ("pkcs11:x-vendor=1", .uriAttributeKnown), ("pkcs11:=x", .uriAttributeKnown),
      ("pkcs11:token=x?x-y=z", .uriAttributeKnown), ("pkcs11:tok%65n=x", .uriAttributeKnown),
      ("pkcs11:token=x;token=x", .uriAttributeOnce), ("pkcs11:?module-name=a&module-name=b", .uriAttributeOnce),
    ])
  func bad(_ text: String, _ rule: PKCS11Rule) throws {
    let error = try pkcs11Error { _ = try PKCS11URI(text) }
    #expect(error.rule == rule, "\(error)")
  }

  @Test(
    "URI-NO-PIN: a PIN or its place is refused, and no part of it is repeated",
    arguments: [
      "pkcs11:token=x?pin-value=s3cr3t", "pkcs11:token=x?pin-source=file:/s3cr3t", "pkcs11:pin-value=s3cr3t", "pkcs11:?PIN-Value=s3cr3t",
      "pkcs11:token=x;pin-source=s3cr3t?pin-value=%", "pkcs11:?pin-value=s3cr3t&pin-value=s3cr3t", "payroll?pin-value=s3cr3t",
      "pkcs11:?pin%2Dvalue=s3cr3t", "pkcs11:?%70%69%6e-source=s3cr3t", "pkcs11:?PIN%2dVALUE=s3cr3t", "payroll?pin%2Dvalue=s3cr3t",
      "pkcs11:token=x?pinfile=s3cr3t", "pkcs11:token=x;pin=s3cr3t", "pkcs11:token=x?pin%value=s3cr3t",
      "PKCS11:?module-path=/a&pin-value=s3cr3t",
    ])
  func pins(_ text: String) throws {
    let error = try pkcs11Error { _ = try PKCS11URI(uriOrLabel: text) }
    #expect(error.rule == .uriNoPIN)
    #expect(!"\(error) \(error.hint ?? "")".contains("s3cr3t"))
  }

  @Test(
    "no refusal repeats a value",
    arguments: [
      "pkcs11:s3cr3t", "pkcs11:s3cr3t=1", "pkcs11:token=s3cr3t%", "pkcs11:pin=s3cr3t", "pkcs11:token=a;s3cr3t", "pkcs11:slot-id=s3cr3t",
      "pkcs11:type=s3cr3t", "s3cr3t s3cr3t s3cr3t s3cr3t s3cr3t",
    ])
  func discretion(_ text: String) throws {
    let error = try pkcs11Error { _ = try PKCS11URI(uriOrLabel: text) }
    #expect(!"\(error) \(error.hint ?? "")".contains("s3cr3t"))
  }

  @Test("what does not begin as a URI is a token's label")
  func labels() throws {
    #expect(try PKCS11URI(uriOrLabel: "My token") == PKCS11URI(label: "My token"))
    #expect(try PKCS11URI(uriOrLabel: "pkcs11:serial=1").serialNumber == "1")
    #expect(PKCS11URI(label: "a;b%").description == "pkcs11:token=a%3Bb%25")
    #expect(PKCS11URI.begins("Pkcs11:") && !PKCS11URI.begins("pkcs11") && !PKCS11URI.begins("./pkcs11:x"))
    for text in ["", String(repeating: "x", count: 33), "a\u{1B}b"] {
      #expect(try pkcs11Error { _ = try PKCS11URI(uriOrLabel: text) }.rule == .tokenLabel)
    }
  }

  @Test("values are compared byte by byte, and attributes in any order")
  func equality() throws {
    #expect(try PKCS11URI("pkcs11:token=a;serial=1") == PKCS11URI("PKCS11:serial=%31;token=%61"))
    #expect(try PKCS11URI("pkcs11:token=%c3%a9").hashValue == PKCS11URI("pkcs11:token=%C3%A9").hashValue)
    #expect(try PKCS11URI("pkcs11:library-version=2") == PKCS11URI("pkcs11:library-version=2.0"))
    #expect(try PKCS11URI("pkcs11:slot-id=007") == PKCS11URI("pkcs11:slot-id=7"))
    #expect(try PKCS11URI("pkcs11:token=") != PKCS11URI("pkcs11:"))
    #expect(try PKCS11URI("pkcs11:token=a") != PKCS11URI("pkcs11:token=A"))
    #expect(try PKCS11URI("pkcs11:token=%C3%A9") != PKCS11URI("pkcs11:token=e%CC%81"))
    var unnamed = PKCS11URI()
    unnamed.objectClass = ObjectClass(rawValue: 0x8000_0001)
    #expect(unnamed != PKCS11URI())
  }

  @Test("what is absent matches anything, what is empty only what is empty, and every attribute counts")
  func matching() throws {
    let testbed = try TokenTestbed()
    let token = testbed.token
    let module = token.module.information
    #expect(PKCS11URI().matches(token))
    #expect(token.uri.matches(token))
    let texts: [(WritableKeyPath<PKCS11URI, String?>, String)] = [
      (\.label, token.label), (\.manufacturer, token.manufacturer), (\.serialNumber, token.serialNumber), (\.model, token.model),
      (\.libraryManufacturer, module.manufacturer), (\.libraryDescription, module.libraryDescription),
      (\.slotManufacturer, token.slot.manufacturer), (\.slotDescription, token.slot.description),
    ]
    for (member, actual) in texts {
      for (wanted, isMatch) in [(actual, true), (actual.uppercased() + "x", false), (actual + " ", false), ("", actual.isEmpty)] {
        var uri = PKCS11URI()
        uri[keyPath: member] = wanted
        #expect(uri.matches(token) == isMatch, "\(uri)")
      }
    }
    var uri = PKCS11URI()
    uri.libraryVersion = module.libraryVersion
    uri.slotIdentifier = token.slot.identifier
    uri.objectLabel = "objects do not matter here"
    uri.modulePath = "/nor/does/this"
    #expect(uri.matches(token))
    uri.slotIdentifier = token.slot.identifier &+ 1
    #expect(!uri.matches(token))
    uri.slotIdentifier = nil
    uri.libraryVersion = Version(major: module.libraryVersion.major, minor: module.libraryVersion.minor &+ 1)
    #expect(!uri.matches(token))
  }

  @Test("URI-SYNTAX: a URI that would be too long when written back is refused")
  func writtenLength() throws {
    let text = "pkcs11:token=" + String(repeating: ",", count: 2000)
    #expect(try pkcs11Error { _ = try PKCS11URI(text) }.rule == .uriSyntax)
    #expect(try PKCS11URI("pkcs11:token=" + String(repeating: ",", count: 1361)).description.utf8.count == 4096)
  }

  @Test(
    "each character of a value stands for itself where RFC 7512 allows it, and only there",
    arguments: [("pkcs11:token=", false), ("pkcs11:?module-name=", true)])
  func characters(_ start: String, isQuery: Bool) {
    let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
    let allowed = Set((unreserved + ":[]@!$'()*+,=" + (isQuery ? "/?|" : "&")).unicodeScalars)
    let separators: Set<Unicode.Scalar> = isQuery ? ["&"] : [";", "?"]
    for scalar in (0...0xFF).compactMap(Unicode.Scalar.init) where !separators.contains(scalar) {
      let uri = try? PKCS11URI(start + "a" + String(scalar))
      #expect((uri != nil) == (scalar != "%" && allowed.contains(scalar)), "\(scalar.value)")
      if let uri { #expect((isQuery ? uri.moduleName : uri.label) == "a" + String(scalar)) }
    }
    for byte in UInt8.min...0x7F {
      let digits = (byte < 16 ? "0" : "") + String(byte, radix: 16)
      #expect((try? PKCS11URI(start + "%" + digits)) != nil)
    }
  }

  @Test("any values survive writing and reading")
  func roundTrip() throws {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<500 {
      var uri = PKCS11URI()
      uri.label = String(decoding: (0..<Int.random(in: 0...40)).map { _ in UInt8.random(in: 0...255, using: &generator) }, as: UTF8.self)
      uri.objectLabel = String((0..<8).map { _ in Character(UnicodeScalar(UInt8.random(in: 0...127, using: &generator))) })
      uri.objectID = (0..<20).map { _ in UInt8.random(in: 0...255, using: &generator) }
      uri.modulePath = uri.objectLabel
      #expect(try PKCS11URI(uri.description) == uri)
    }
  }

  @Test("good URIs that are cut, extended or changed are read or refused by name, and never crash")
  func mutations() throws {
    let seeds = [
      "pkcs11:token=my%20token;serial=5a1c;id=%01%02;type=private;library-version=2.6;slot-id=1?module-path=/a&module-name=b", "pkcs11:",
    ]
    let bytes = [UInt8]("pkcs11:;?&=%0aFg/ \u{0}\u{E4}".utf8)
    for seed in seeds {
      let original = [UInt8](seed.utf8)
      for length in 0...original.count { Self.tryReading(Array(original.prefix(length))) }
      for _ in 0..<20_000 {
        var changed = original
        for _ in 0..<Int.random(in: 1...4) {
          let position = Int.random(in: 0...changed.count)
          switch Int.random(in: 0...2) {
          case 0: changed.insert(bytes.randomElement()!, at: position)
          case 1 where position < changed.count: changed[position] = Bool.random() ? bytes.randomElement()! : UInt8.random(in: 0...255)
          default: if position < changed.count { changed.remove(at: position) }
          }
        }
        Self.tryReading(changed)
      }
    }
  }

  private static func tryReading(_ bytes: [UInt8]) {
    do {
      let uri = try PKCS11URI(String(decoding: bytes, as: UTF8.self))
      let again = try PKCS11URI(uri.description)
      #expect(again == uri)
    } catch {
      #expect([.uriSyntax, .uriAttributeKnown, .uriAttributeOnce, .uriNoPIN].contains(error.rule))
    }
  }
}
