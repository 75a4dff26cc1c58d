import StrictYAML
import TokenKeys

/// What could be read of a plan, and on which lines it stands.
struct PlanDraft {
  /// The parts of a plan whose keys are names of its own.
  enum Part: String, CaseIterable {
    case participants, tokens, pins, inputs, outputs, orders
  }

  var name: String?
  var title: String?
  var purpose: String?
  var participants: [Participant] = []
  var tokens: [PlanToken] = []
  var pins: [PlanPIN] = []
  var before = PlanBefore(keys: [], enrolled: [])
  var inputs: [PlanInput] = []
  var outputs: [PlanOutput] = []
  var orders: [String] = []
  var ceremonyKey: PlanKey?
  var steps: [PlanStep] = []

  /// The names that each part declares, with their lines: also those of entries that could not be read.
  var declared: [Part: [(name: String, line: Int?)]] = [:]
  /// The lines of each step's fields, in the order of ``steps``.
  var stepLines: [[String: Int]] = []
  /// The lines of other places: `ceremony-key`, `before.keys[0]`.
  var lines: [String: Int] = [:]

  /// Reads what can be read, and notes the rest.
  init(_ root: FieldReader) {
    guard FileText.checkFormat(root, CeremonyPlan.format) else { return }
    root.allow([
      "format", "name", "title", "purpose", "participants", "tokens", "pins", "before", "inputs", "outputs", "orders", "ceremony-key",
      "steps",
    ])
    name = root.name("name")
    title = root.text("title")
    purpose = root.optionalProse("purpose")
    participants = entries(.participants, root, isNeeded: true, Participant.init)
    tokens = entries(.tokens, root, isNeeded: true, PlanToken.init)
    pins = entries(.pins, root, isNeeded: true, PlanPIN.init)
    inputs = entries(.inputs, root, PlanInput.init)
    outputs = entries(.outputs, root, PlanOutput.init)
    readOrders(root)
    readBefore(root)
    if root.present("ceremony-key"), let section = root.section("ceremony-key") {
      section.allow(["token", "key"])
      ceremonyKey = PlanKey(section)
      lines["ceremony-key"] = root.line(of: "ceremony-key")
    }
    readSteps(root)
  }

  /// The entries of a part whose keys are names of the plan's own.
  private mutating func entries<Entry>(
    _ part: Part, _ root: FieldReader, isNeeded: Bool = false, _ read: (String, FieldReader) -> Entry?
  ) -> [Entry] {
    if isNeeded, !root.present(part.rawValue) { return [] }
    guard let section = root.section(part.rawValue) else { return [] }
    if section.mapping.names.isEmpty { root.refuse(part.rawValue, "is empty", hint: isNeeded ? nil : "leave it out") }
    var entries: [Entry] = []
    for name in section.mapping.names {
      guard PlanText.isName(name) else {
        section.mistakes.add(line: section.line(of: name), "\(part.rawValue) has a key that is no name: \(PlanText.nameForm)")
        continue
      }
      declared[part, default: []].append((name, section.line(of: name)))
      guard let fields = section.section(name, hint: part == .pins ? PlanPIN.secretHint : nil) else { continue }
      if let entry = read(name, fields) { entries.append(entry) }
    }
    return entries
  }

  private mutating func readOrders(_ root: FieldReader) {
    guard root.mapping.names.contains("orders"), let names = root.names("orders") else { return }
    for name in names {
      if orders.contains(name) { root.refuse("orders", "names \(name) twice") }
      orders.append(name)
      declared[.orders, default: []].append((name, root.line(of: "orders")))
    }
  }

  private mutating func readBefore(_ root: FieldReader) {
    guard let section = root.section("before") else { return }
    section.allow(["keys", "certificates"])
    var keys: [PlanBefore.Key] = []
    for entry in section.list("keys") {
      guard let key = PlanBefore.Key(entry) else { continue }
      lines["before.keys[\(keys.count)]"] = entry.line
      keys.append(key)
    }
    var enrolled: [PlanBefore.Enrolled] = []
    for entry in section.list("certificates") {
      guard let certificate = PlanBefore.Enrolled(entry) else { continue }
      lines["before.certificates[\(enrolled.count)]"] = entry.line
      enrolled.append(certificate)
    }
    before = PlanBefore(keys: keys, enrolled: enrolled)
  }

  private mutating func readSteps(_ root: FieldReader) {
    guard root.present("steps") else { return }
    let entries = root.list("steps")
    if entries.isEmpty, root.mistakes.isEmpty { root.refuse("steps", "is empty") }
    for entry in entries {
      // A step is called by its own name in messages; where that cannot be read, by its place.
      let id = (try? entry.mapping.string("id")).flatMap { $0 }.flatMap { PlanText.isName($0) ? $0 : nil }
      let fields = id.map { FieldReader(entry.mapping.called("steps.\($0)."), root.mistakes) } ?? entry
      guard let step = PlanStep(fields) else { continue }
      steps.append(step)
      stepLines.append(
        fields.mapping.names.reduce(into: [:]) { lines, name in lines[name] = fields.line(of: name) })
    }
  }
}
