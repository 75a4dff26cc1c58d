import Crypto

extension SiteBinding {
  /// Reads a site file for one plan: it gives everything that the plan wants of a machine, and nothing else.
  ///
  /// - Parameters:
  ///   - bytes: the file's content.
  ///   - file: its path: relative paths in it are meant from its folder.
  ///   - plan: the plan that is performed.
  /// - Throws: `CEREMONY-SITE-FILE` or `CEREMONY-SITE-COMPLETE` for the first mistake; ``examine(bytes:file:for:)`` tells all.
  public init(reading bytes: [UInt8], file: String, for plan: CeremonyPlan) throws(CeremonyError) {
    let (site, mistakes) = Self.examine(bytes: bytes, file: file, for: plan)
    if let first = mistakes.first { throw first }
    guard let site else {
      throw CeremonyError(.siteFile, operation: "read the site file \(file)", message: "it is not whole")
    }
    self = site
  }

  /// Reads a site file for one plan, and tells every mistake in the order of its lines.
  ///
  /// - Returns: the binding, where there is no mistake.
  public static func examine(
    bytes: [UInt8], file: String, for plan: CeremonyPlan
  ) -> (site: SiteBinding?, mistakes: [CeremonyError]) {
    let mistakes = Mistakes(
      file: file, rule: .siteFile, operation: "read the site file \(file)",
      hint: "docs/ceremony-plan.md tells each field of a site file")
    guard let root = FileText.root(bytes, limit: maximumSize, mistakes) else { return (nil, mistakes.inOrder) }
    let reader = SiteReader(root: root, plan: plan, folder: SitePaths(file: file))
    guard let site = reader.read(sha256: Array(SHA256.hash(data: bytes))), mistakes.isEmpty else { return (nil, mistakes.inOrder) }
    return (site, [])
  }
}
