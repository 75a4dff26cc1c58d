import KeyCeremony

/// A plan with each action in it, one part a line, for tests that change a part and see what is said.
enum PlanFixture {
  static let text = """
    format: hsmkey-ceremony-plan/1
    name: fixture
    title: Everything once
    participants:
      leader: { name: Leena Leader, role: leader, acknowledges-with: words }
      officer: { name: Otto Officer, role: operator, acknowledges-with: pin }
      auditor: { name: Anna Auditor, role: auditor, acknowledges-with: key, public-key-sha256: \(digest) }
    tokens:
      main: { label: payroll, user-pin: user, security-officer-pin: officer-pin }
      second: { label: second, user-pin: second-user }
    pins:
      user: { from: site }
      user-2: { from: site }
      second-user: { from: shares, threshold: 2, custodians: [leader, officer], length: 8, alphabet: digits }
      officer-pin: { from: shares, threshold: 2, custodians: [leader, officer, auditor] }
    before:
      keys: [ { token: second, key: old, algorithm: rsa-2048 } ]
      certificates: [ { token: second, certificate: payroll, customer-id: 0123456-7, customer-name: Ab Demo Oy } ]
    inputs:
      statement: { description: The statement, sha256: \(digest) }
      pem: { description: The certificate }
    outputs:
      proof: { file: k.proof }
      proof-2: { file: k-2.proof }
      request: { file: k.csr }
      certificate: { file: c.pem }
      signature: { file: s.sig }
    orders: [ first-order ]
    ceremony-key: { token: main, key: k }
    steps:
      - { id: look, action: check-token, actor: officer, token: main, expects: blank }
      - { id: agree, action: gate, actor: leader, text: We go on., participants: [leader, officer] }
      - { id: so-pin, action: share-pin, actor: leader, pin: officer-pin }
      - { id: have-pin, action: combine-pin, actor: leader, pin: second-user }
      - { id: init, action: initialise-token, actor: officer, token: main, note: Look away. }
      - { id: new-pin, action: set-pin, actor: officer, token: main, owner: user, to: user-2 }
      - { id: key, action: generate-key, actor: officer, token: main, key: k, algorithm: ecdsa-p256, policy: non-exportable-signing }
      - { id: prove, action: prove-key, actor: officer, token: main, key: k, output: proof }
      - { id: csr, action: make-request, actor: officer, token: main, key: k, subject: "CN=k,O=Ab Demo Oy,C=FI", output: request }
      - { id: enrol, action: enrol-certificate, actor: officer, token: main, certificate: new, customer-id: 1, \
    customer-name: A, order: first-order }
      - { id: renew, action: renew-certificate, actor: officer, token: second, certificate: payroll, output: certificate }
      - { id: prove-2, action: prove-key, actor: officer, token: main, certificate: new, output: proof-2 }
      - { id: import, action: import-certificate, actor: officer, token: main, key: k, input: pem }
      - { id: sign, action: sign-file, actor: officer, token: main, key: k, input: statement, hash: sha256, output: signature }
      - { id: copy, action: verify-copy, actor: officer, token: main, key: k, on: second }
      - { id: destroy, action: destroy-key, actor: officer, token: second, key: old, even-if-certified: true }
      - { id: bag, action: human, actor: auditor, text: Put it into a bag., records: { bag-number: Number of the bag } }
      - { id: read, action: read-aloud, actor: leader, of: output, output: proof, reader: leader, listener: officer, words: 6 }

    """

  static let digest = String(repeating: "0a", count: 32)

  /// The fixture with some texts in the place of others.
  static func changed(_ changes: [(from: String, to: String)]) -> String {
    changes.reduce(text) { $0.replacing($1.from, with: $1.to, maxReplacements: 1) }
  }

  static func mistakes(in text: String) -> [CeremonyError] { CeremonyPlan.examine(bytes: Array(text.utf8), file: "plan.yaml").mistakes }

  static func plan() throws -> CeremonyPlan { try CeremonyPlan(reading: Array(text.utf8), file: "plan.yaml") }
}
