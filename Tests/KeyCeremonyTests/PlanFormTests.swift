import KeyCeremony
import TestSupport
import Testing

@Suite("CEREMONY-PLAN-FILE: mistakes of form, by name and line")
struct PlanFormTests {
  @Test(
    "each mistake is told with its line",
    arguments: [
      ("format: hsmkey-ceremony-plan/1", "format: hsmkey-ceremony-plan/2", "line 1: format is not hsmkey-ceremony-plan/1"),
      ("format: hsmkey-ceremony-plan/1\n", "", "line 1: format is missing"),
      ("name: fixture", "name: a/b", "line 2: name is no name"),
      ("name: fixture", "name: ..", "line 2: name is no name"),
      ("name: fixture", "name: \(String(repeating: "a", count: 65))", "line 2: name is no name"),
      ("name: fixture", "name: [a]", "line 2: name must be a text that is not empty"),
      ("title: Everything once", "title: ~", "line 3: title must be a text that is not empty"),
      ("title: Everything once", "title: a\ncolour: red", "line 4: unknown key colour"),
      ("title: Everything once", "title: a\ntitle: b", "given twice: title"),
      ("title: Everything once", "title: &a x", "line 3: anchors and aliases are not used here"),
      ("title: Everything once", "title: !x y", "line 3: tags are not used here"),
      ("title: Everything once", "title: \(String(repeating: "a", count: 201))", "line 3: title has more than 200 bytes"),
      ("role: leader", "role: chief", "line 5: participants.leader.role must be leader, operator, custodian, witness or auditor"),
      ("role: leader, acknowledges-with: words", "role: leader", "line 5: participants.leader.acknowledges-with is missing"),
      ("acknowledges-with: words", "acknowledges-with: wrods", "participants.leader.acknowledges-with must be words, pin or key"),
      ("acknowledges-with: pin", "acknowledges-with: key", "line 6: participants.officer.public-key-sha256 is missing"),
      ("acknowledges-with: pin", "acknowledges-with: pin, pin: 123456", "line 6: participants.officer.pin has no place in a plan"),
      ("acknowledges-with: key", "acknowledges-with: words", "line 7: participants.auditor.public-key-sha256 goes with"),
      ("public-key-sha256: 0a", "public-key-sha256: 0", "line 7: participants.auditor.public-key-sha256 must be a SHA-256"),
      ("label: payroll", "label: \(String(repeating: "ä", count: 17))", "line 9: tokens.main.label has more than 32 bytes"),
      ("label: payroll", "label: payroll, serial: abc", "line 9: tokens.main.serial belongs to one machine"),
      ("label: payroll", "label: payroll, slot: 1", "line 9: tokens.main.slot belongs to one machine"),
      ("user: { from: site }", "user: 123456", "line 12: pins.user must be a mapping"),
      ("user: { from: site }", "user: { from: site, value: 123456 }", "line 12: unknown key pins.user.value"),
      ("user: { from: site }", "user: { from: prompt }", "line 12: pins.user.from must be site or shares"),
      ("user: { from: site }", "user: { from: site, length: 8 }", "line 12: pins.user.length goes with from: shares only"),
      ("threshold: 2,", "threshold: 1,", "line 14: pins.second-user.threshold must be a whole number, 2 to 16"),
      ("threshold: 2, ", "", "line 14: pins.second-user.threshold is missing"),
      ("length: 8", "length: 5", "line 14: pins.second-user.length must be a whole number, 6 to 64"),
      ("alphabet: digits", "alphabet: hex", "line 14: pins.second-user.alphabet must be digits or letters-and-digits"),
      ("custodians: [leader, officer]", "custodians: leader", "line 14: pins.second-user.custodians must be a list of texts"),
      ("algorithm: rsa-2048", "algorithm: rsa-1024", "line 17: before.keys[0].algorithm is no algorithm"),
      ("algorithm: rsa-2048", "algorithm: ml-dsa-65", "line 17: before.keys[0].algorithm is no algorithm"),
      ("customer-id: 0123456-7, ", "", "line 18: before.certificates[0].customer-id is missing"),
      ("description: The statement,", "file: /a, description: x,", "line 20: inputs.statement.file is the site's"),
      ("file: k.proof", "file: /tmp/k.proof", "line 23: outputs.proof.file must be the plain name of a file"),
      ("file: k.proof", "file: 'pkcs11:object=k'", "line 23: outputs.proof.file must be the plain name of a file"),
      ("file: k.proof", "file: ..", "line 23: outputs.proof.file must be the plain name of a file"),
      ("file: k.proof", "file: Transcript.jsonl", "line 23: outputs.proof.file is the name of a file that every ceremony writes"),
      ("orders: [ first-order ]", "orders: [ first-order, first-order ]", "line 28: orders names first-order twice"),
      ("ceremony-key: { token: main, key: k }", "ceremony-key: k", "line 29: ceremony-key must be a mapping"),
      ("id: look, ", "", "line 31: steps[0].id is missing"),
      ("id: look", "id: end", "line 31: steps.end.id is a word that the ceremony has for itself"),
      ("action: check-token", "action: look-at", "line 31: steps.look.action is no action"),
      ("expects: blank", "expects: empty", "line 31: steps.look.expects must be blank or initialised"),
      ("expects: blank", "expects: blank, key: k", "line 31: steps.look.key is a field of"),
      ("expects: blank", "expects: blank, colour: red", "line 31: unknown key steps.look.colour"),
      ("actor: officer, token: main, expects", "token: main, expects", "line 31: steps.look.actor is missing"),
      ("text: We go on., ", "", "line 32: steps.agree.text is missing"),
      ("owner: user", "owner: me", "line 36: steps.new-pin.owner must be user or security-officer"),
      ("key: k, output: proof", "output: proof", "line 38: steps.prove.key is missing"),
      ("key: k, output: proof", "key: k, certificate: c, output: proof", "line 38: steps.prove.certificate and key are both there"),
      (
        "token: main, key: k, output: proof", "token: main, key: 'pkcs11:object=k', output: proof", "steps.prove.key must be the key's name"
      ),
      ("hash: sha256", "hash: md5", "line 44: steps.sign.hash must be sha256, sha384 or sha512"),
      ("even-if-certified: true", "even-if-certified: yes", "line 46: steps.destroy.even-if-certified must be true or false"),
      ("records: { bag-number: Number of the bag }", "records: {}", "line 47: steps.bag.records is empty"),
      ("bag-number: Number", "'bag number': Number", "line 47: steps.bag.records has a key that is no name"),
      ("of: output, ", "of: plan, ", "line 48: steps.read.output does not go with of: plan"),
      ("of: output, output: proof", "of: key, token: main", "line 48: steps.read.key is missing"),
      ("words: 6", "words: 33", "line 48: steps.read.words must be a whole number, 1 to 32"),
    ])
  func form(from: String, to: String, message: String) {
    let mistakes = PlanFixture.mistakes(in: PlanFixture.changed([(from, to)])).filter { $0.rule == .planFile }
    #expect(mistakes.contains { $0.message.contains(message) }, "\(mistakes)")
    #expect(mistakes.allSatisfy { $0.hint?.isEmpty == false })
  }

  @Test("a value that may be a secret is never repeated")
  func secrecy() {
    let secret = "73519284x"
    for (from, to) in [
      ("user: { from: site }", "user: \(secret)"), ("user: { from: site }", "user: { from: \(secret) }"),
      ("user: { from: site }", "user: { \"\(secret) \": 1 }"), ("acknowledges-with: pin", "acknowledges-with: \(secret)"),
      ("actor: officer", "actor: \"\(secret) \""),
    ] {
      let mistakes = PlanFixture.mistakes(in: PlanFixture.changed([(from, to)]))
      #expect(!mistakes.isEmpty && !mistakes.contains { "\($0) \($0.hint ?? "")".contains(secret) }, "\(mistakes)")
    }
  }
}
