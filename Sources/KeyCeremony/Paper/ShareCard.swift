import KeyEvidence
public import Secrets

/// A custodian's card: one share of a PIN, to be printed, cut, folded and kept. A page of its own, in HTML.
///
/// It is a secret from its first octet to its last: print it, and let nothing keep it.
public struct ShareCard: Sendable {
  private let share: PINShare
  private let plan: CeremonyPlan
  private let pin: String
  private let custodian: String

  /// The card of a share.
  ///
  /// - Parameters:
  ///   - pin: the PIN's name in the plan.
  ///   - custodian: the participant's name in the plan who keeps it.
  public init(_ share: PINShare, plan: CeremonyPlan, pin: String, custodian: String) {
    self.share = share
    self.plan = plan
    self.pin = pin
    self.custodian = custodian
  }

  /// The page.
  public func html() throws(CeremonyError) -> HeldSecret {
    let words = PlanWords(plan)
    let page = PaperPage(
      title: "Share \(share.index) of \(share.count) of the PIN \(pin)",
      foot: "Secret: share \(share.index) of \(share.count), set \(share.setText)",
      extraStyle: ShareCardStyle.css)
    let before = """
      <article class="card">
      <header><p class="kicker">Secret. For \(HTMLText.isolated(words.person(custodian))) only.</p>
      <h1>Share \(share.index) of \(share.count)</h1>
      <p class="threshold">of the PIN <strong>\(HTMLText.isolated(pin))</strong>: \
      any \(share.threshold) of the \(share.count) shares give it.</p></header>
      <div class="share"><ol class="groups">
      """
    let middle = """
      </ol><figure>
      """
    let after = """
      </figure></div>
      \(PaperParts.facts(facts))
      </article>
      \(Self.advice(share))
      """
    let code = try QRCode(share.text(groupsPerLine: share.octets.count), title: "The share")
    return PagePiece.together(
      [.text(page.opening), .text(before), .secret(groups), .text(middle)] + code.pieces + [.text(after), .text(PaperPage.closing)])
  }

  /// The groups with their numbers, as items of a list.
  private var groups: HeldSecret {
    let text = share.text(groupsPerLine: 1)
    let count = (text.count + 1) / (ShareText.groupLength + 1)
    let item = 32
    return HeldSecret(
      SecretBytes(capacity: count * (item + ShareText.groupLength)) { (output: inout OutputSpan<UInt8>) in
        func append(_ markup: String, to output: inout OutputSpan<UInt8>) { for byte in markup.utf8 { output.append(byte) } }
        text.withBytes { bytes in
          for group in 0..<count {
            append("<li><span>\(group + 1)</span> <b>", to: &output)
            let start = group * (ShareText.groupLength + 1)
            for index in start..<start + ShareText.groupLength { output.append(bytes[index]) }
            append("</b></li>", to: &output)
          }
        }
      })
  }

  private var facts: [(name: String, value: String)] {
    [
      ("For", use), ("Ceremony", HTMLText.isolated(plan.title)), ("Set", HTMLText.digits(share.setText)),
      ("Handed over", CeremonyScript.blank),
    ]
  }

  /// What the PIN opens.
  private var use: String {
    let uses = plan.tokens.flatMap { token -> [String] in
      let label = "token \(HTMLText.isolated(token.label))"
      return (token.userPIN == pin ? ["user of \(label)"] : []) + (token.securityOfficerPIN == pin ? ["security officer of \(label)"] : [])
    }
    return uses.isEmpty ? HTMLText.isolated(pin) : uses.joined(separator: ", ")
  }

  private static func advice(_ share: PINShare) -> String {
    """
    <section class="advice" aria-label="What to do">
    <div><h2>Do</h2><ul>
    <li>Check it now: type it back when the machine asks.</li>
    <li>Cut it off here, fold it with the text inside, and put it into an envelope. Seal it, and sign over the seal.</li>
    <li>Keep it where only you can get it, and away from the token and from the other shares.</li>
    <li>Tell the leader at once if it is lost, or if somebody else may have seen it: a new PIN must be shared then.</li>
    </ul></div>
    <div><h2>Do not</h2><ul>
    <li>Do not photograph, copy or send it. The code above is the share too.</li>
    <li>Do not read it aloud, and do not lend it.</li>
    <li>Do not type it anywhere but into the ceremony's machine.</li>
    <li>Do not keep the file that it was printed from.</li>
    </ul></div>
    <p>Read from left to right: 0 is zero and 1 is one; there is no I, L, O or U. Capitals, small letters and spaces do not matter. \
    The fifth character of each group finds typing mistakes. \
    How to use \(share.threshold) cards without the tool: docs/ceremony-shares.md.</p>
    </section>
    """
  }
}
