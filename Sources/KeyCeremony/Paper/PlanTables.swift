import KeyEvidence
import TokenKeys

/// What a plan names beside its steps, as tables: tokens, PINs, files, what is there before.
struct PlanTables {
  private let plan: CeremonyPlan

  init(_ plan: CeremonyPlan) { self.plan = plan }

  var markup: String {
    [
      PaperParts.section("Tokens and PINs", id: "tokens", tokens + "\n" + pins, style: "whole"),
      PaperParts.section("Before the ceremony", id: "before", before, style: "whole"),
      PaperParts.section("Files", id: "files", files, style: "whole"),
    ].filter { !$0.isEmpty }.joined(separator: "\n")
  }

  static func acknowledgement(_ acknowledgement: Participant.Acknowledgement) -> String {
    switch acknowledgement {
    case .words: "words of the digest"
    case .pin: "a PIN chosen at the beginning"
    case .key(let sha256): "a key of the person's own, SHA-256 \(HTMLText.digits(sha256))"
    }
  }

  private var tokens: String {
    PaperParts.table(
      "tokens", ["Token", "Label", "User PIN", "Security officer's PIN", "Serial number"],
      plan.tokens.map {
        [
          HTMLText.escape($0.id), HTMLText.isolated($0.label), HTMLText.escape($0.userPIN),
          $0.securityOfficerPIN.map(HTMLText.escape) ?? "<span class=\"none\">not used</span>", CeremonyScript.blank,
        ]
      })
  }

  private var pins: String {
    let words = PlanWords(plan)
    return PaperParts.table(
      "pins", ["PIN", "Where it comes from"],
      plan.pins.map { pin in
        switch pin.origin {
        case .site: [HTMLText.escape(pin.id), "the site file says where; it is never in a file of the ceremony"]
        case .shared(let threshold, let custodians, let length, let alphabet):
          [
            HTMLText.escape(pin.id),
            "generated here, \(length) \(alphabet == .digits ? "digits" : "letters and digits"); "
              + "\(threshold) of \(custodians.count) shares give it: "
              + HTMLText.isolated(words.people(custodians)),
          ]
        }
      })
  }

  private var before: String {
    let keys = plan.before.keys.map {
      "Key \(HTMLText.isolated($0.key.name)) on token \(HTMLText.escape($0.key.token)): \($0.algorithm), "
        + "policy \(HTMLText.escape($0.policy.name))"
    }
    let certificates = plan.before.enrolled.map {
      "Certificate \(HTMLText.isolated($0.certificate)) and its key on token \(HTMLText.escape($0.token)), for "
        + "\(HTMLText.isolated($0.customerName)) (customer \(HTMLText.isolated($0.customerID)))"
    }
    let items = (keys + certificates).map { "<li><span class=\"box\"></span>\($0)</li>" }
    return items.isEmpty ? "" : "<ul class=\"ticks\">\(items.joined())</ul>"
  }

  private var files: String {
    let inputs = plan.inputs.map { input in
      [
        HTMLText.escape(input.id), "read", HTMLText.isolated(input.description),
        input.sha256.map(HTMLText.digits) ?? "<span class=\"none\">not known beforehand</span>",
      ]
    }
    let outputs = plan.outputs.map { [HTMLText.escape($0.id), "written", HTMLText.isolated($0.file), CeremonyScript.blank] }
    return PaperParts.table("files", ["Name", "Use", "What it is", "SHA-256"], inputs + outputs)
  }
}
