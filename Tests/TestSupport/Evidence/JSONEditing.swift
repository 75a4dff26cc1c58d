public import KeyEvidence

extension JSONValue {
  /// What a path of names and indexes leads to; nil takes it away.
  public subscript(_ path: [String]) -> JSONValue? {
    get {
      guard let first = path.first else { return self }
      switch self {
      case .object(let members): return members[first]?[Array(path.dropFirst())]
      case .array(let elements): return Int(first).flatMap { elements.indices.contains($0) ? elements[$0] : nil }?[Array(path.dropFirst())]
      default: return nil
      }
    }
    set {
      guard let first = path.first else {
        if let newValue { self = newValue }
        return
      }
      let rest = Array(path.dropFirst())
      switch self {
      case .object(var members):
        if rest.isEmpty { members[first] = newValue } else { members[first]?[rest] = newValue }
        self = .object(members)
      case .array(var elements):
        guard let index = Int(first) else { return }
        if rest.isEmpty, newValue == nil {
          elements.remove(at: index)
        } else if index == elements.count {
          if let newValue { elements.append(newValue) }
        } else {
          elements[index][rest] = newValue
        }
        self = .array(elements)
      default: break
      }
    }
  }

  /// The same by a pointer without escapes: `/rules/0/grade`.
  public subscript(_ pointer: String) -> JSONValue? {
    get { self[pointer.split(separator: "/").map(String.init)] }
    set { self[pointer.split(separator: "/").map(String.init)] = newValue }
  }
}
