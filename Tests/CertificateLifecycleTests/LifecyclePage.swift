@testable import CertificateLifecycle

/// `docs/lifecycle.md`, made from the table that the program goes by.
enum LifecyclePage {
  static func markdown() -> String {
    """
    # The life of a certificate

    This page is written by `scripts/generate-lifecycle-page` from the table that the program goes by
    ([LifecycleMachine.swift](../Sources/CertificateLifecycle/LifecycleMachine.swift)); a test fails when the two differ. What comes next
    is decided in one file without effects, [LifecycleDecision.swift](../Sources/CertificateLifecycle/LifecycleDecision.swift): given the
    record, the time and what is wanted, the next step or the refusal. Every step that is saved is one transaction: the record, the
    columns that `certificate status` reads, and an entry of the history. A step that the table does not have is not saved
    (`LIFECYCLE-TRANSITION`).

    ## As a diagram

    ```mermaid
    stateDiagram-v2
    \(diagram())
    ```

    Left out here, and not in the text below: `abandoned`, which leads from whatever is pending back to where the certificate was
    before; what `corrected` settings begin anew; and the time that runs out for a renewal that was not sent.

    ## As a text

    \(arrows())

    ## States

    | state | on disk | what it means |
    |---|---|---|
    \(states())

    ## Before each act, what is needed to recover is on disk

    A run that is cut off, by `kill -9`, by a loss of power, by a full disk, is found by the next run in the state of the second column.

    | act | needs on disk, synced | the next run, where this one was cut off during the act |
    |---|---|---|
    \(acts())

    """ + remarks
  }

  /// Arrows that lead nowhere, or from everywhere, would hide the others.
  private static var drawn: [LifecycleMachine.Transition] {
    LifecycleMachine.transitions.filter { arrow in
      let isInUse = arrow.from == .active || arrow.from == .overlap
      return arrow.from != arrow.to && arrow.event != .corrected && arrow.event != .abandoned && (arrow.event != .timeRanOut || isInUse)
    }
  }

  private static func diagram() -> String {
    let aliases = LifecycleState.allCases.filter { $0.rawValue.contains("-") }.map { "    state \"\($0)\" as \(alias($0))" }
    let lines = grouped(drawn) { [$0.from, $0.to] }.map { arrows in
      "    \(alias(arrows[0].from)) --> \(alias(arrows[0].to)): \(arrows.map(\.event.rawValue).joined(separator: ", "))"
    }
    return (aliases + ["    [*] --> none"] + lines + ["    retired --> [*]"]).joined(separator: "\n")
  }

  /// Mermaid takes a hyphen for an arrow's beginning.
  private static func alias(_ state: LifecycleState) -> String { state.rawValue.split(separator: "-").joined(separator: "_") }

  private static func arrows() -> String {
    let table = grouped(LifecycleMachine.transitions) { [$0.from] }.map { arrows in
      let targets = grouped(arrows) { [$0.event.rawValue] }.map { same in
        "  \(same[0].event.rawValue.padded(to: 24)) -> \(same.map(\.to.rawValue).joined(separator: " | "))"
      }
      return ([arrows[0].from.rawValue] + targets).joined(separator: "\n")
    }
    return "```\n" + table.joined(separator: "\n") + "\n```"
  }

  private static func states() -> String {
    LifecycleState.allCases.map { state in
      let isOnDisk = state == .nothing || state == .sent ? "no" : [.expired, .overlap].contains(state) ? "follows from the record" : "yes"
      return "| `\(state)` | \(isOnDisk) | \(meanings[state] ?? "") |"
    }.joined(separator: "\n")
  }

  private static func acts() -> String {
    LifecycleMachine.acts.map { "| \($0.name) | `\($0.needsOnDisk)` | \($0.afterCrash) |" }.joined(separator: "\n")
  }

  private static func grouped<Element, Key: Hashable>(_ elements: [Element], by key: (Element) -> Key) -> [[Element]] {
    var order: [Key] = []
    let groups = Dictionary(grouping: elements) { element in
      if !order.contains(key(element)) { order.append(key(element)) }
      return key(element)
    }
    return order.compactMap { groups[$0] }
  }

  static let meanings: [LifecycleState: String] = [
    .nothing: "There is no certificate under this name, and none has been begun.",
    .planned: "The new key has a name and is about to be generated.",
    .keyMade: "The new key is on the token, and its identifier in the record.",
    .requestMade: "The certificate request is made and signed; nothing has left.",
    .aboutToSend:
      "The request is about to leave. Where no run is under way its outcome is unknown; the next run notes that as `uncertain`.",
    .sent:
      "The request has left; its answer is awaited. Nobody can save between the last octet and the answer: on disk it is `about-to-send`.",
    .retrievalIDKnown: "The service has taken the request and given the id with which the certificate is fetched, also days later.",
    .received: "A certificate has come in an answer that verified; nothing about the certificate has been checked.",
    .checked: "It has passed every check: key, customer, issuer, lifetime, chain, revocation as configured, not known before.",
    .stored: "It is on the token and the one in use; the file for its users is about to be written.",
    .active: "It is in use, and the only one. The `after-change` program may still have to hear of it.",
    .overlap: "It is in use; an earlier one and its key are still there, until the new one is proved and the earlier one retired.",
    .retired: "What becomes of an earlier certificate: its key is destroyed. The name goes on as `active` or `overlap`.",
    .uncertain: "The request may have been carried out, and no trustworthy answer is known.",
    .refused: "The service said no, in an answer that it signed; its codes are kept. It can be tried again.",
    .expired: "The certificate has expired, or did before its renewal was sent: only a new order helps.",
  ]

  private static let remarks = """
    ## When the outcome is not known

    A `SignNewCertificate` request works once: it is never sent again by itself. The state remembers by SHA-256 every transfer id whose
    outcome is unknown, and refuses it (`LIFECYCLE-NOT-REPEATED`). Going on takes new transfer credentials, or the retrieval id if the
    agency tells it (`certificate fetch NAME --retrieval-id ID`); both use the key that was made.

    Whether a `RenewCertificate` request may be repeated **is not published**. Unknown are: whether the service issues a second
    certificate, answers with the first one's retrieval id, or refuses; whether it counts renewals; whether it minds a second certificate
    for the same key. So:

    - `service.uncertain-renewal: ask` (the default): the renewal is refused with what is known, until a person says
      `--repeat-uncertain-renewal`.
    - `service.uncertain-renewal: repeat`: the next run, never the same one, sends it again with the same key and request. At worst the
      agency then has two valid certificates of the customer for one key, of which `hsmkey` knows the later. Choose it when an expired
      certificate is the greater evil, and nobody looks at the timer's messages.

    ## Waiting

    First `service.first-wait` from the time the request left, then a question every `service.poll-interval` with up to
    `service.poll-jitter` added by chance, until `service.give-up-after`; then exit code 75, and the state is kept: `certificate fetch`
    goes on, days later too. A signed FAIL to the question means "not yet", whatever its code, unless the code stands in
    `service.permanent-codes`; then the state is `refused` and the question can still be asked again. Codes in `service.not-ready-codes`
    are known to mean "not yet". Nothing is ever decided by a code that stands nowhere.

    ## When a timer renews

    The window opens 60 days before the expiry. `certificate renew --due` takes a certificate at a moment within `renewal-spread` (5 days)
    after that, which comes from SHA-256 of name and expiry: it differs from certificate to certificate and is the same in every run. It
    is never later than the first third of the window, whatever is configured. `certificate renew NAME` does not wait for it. After the
    expiry nothing can be renewed: order a new certificate in the agency's e-service and enrol it under the same name; a renewal that came
    too late hands its key on.

    ## The history

    `certificate history NAME` shows each step that was saved. Entries are only added: triggers of the database refuse to change and
    delete them, each has the SHA-256 of the one before it, and each record must be the one that its last entry was written with
    (`LIFECYCLE-HISTORY-CHAIN`). That finds a change by another program or a damaged disk. It does not keep out somebody who may write the
    file and makes the whole chain anew: compare the last hash with a copy elsewhere where that matters.

    """
}

extension String {
  fileprivate func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
