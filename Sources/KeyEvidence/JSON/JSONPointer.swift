/// JSON pointers (RFC 6901): `/content/probes/2`.
package enum JSONPointer {
  /// The pointer to a member or element of what `parent` points to.
  package static func appending(_ name: String, to parent: String) -> String {
    guard name.utf8.contains(where: { $0 == UInt8(ascii: "~") || $0 == UInt8(ascii: "/") }) else { return "\(parent)/\(name)" }
    return "\(parent)/" + name.replacing("~", with: "~0").replacing("/", with: "~1")
  }

  package static func appending(_ index: Int, to parent: String) -> String { "\(parent)/\(index)" }
}
