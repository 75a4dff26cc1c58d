import Foundation
import SwiftASN1
import X509

/// The four PEM files that a client is given as its trust anchors, named as the agency's packages are.
public struct TrustFiles: Hashable, Sendable {
  /// The root over the certificates that sign responses.
  public let servicesRoot: String
  /// The intermediate and the issuing CA of the certificates that sign responses.
  public let servicesChain: String
  /// The root over the customers' certificates.
  public let providersRoot: String
  /// The intermediate and the issuing CA of the customers' certificates.
  public let providersChain: String

  init(folder: String) {
    func path(_ name: String) -> String { URL(filePath: folder).appending(path: name).path }
    servicesRoot = path("services-root.pem")
    servicesChain = path("services-chain.pem")
    providersRoot = path("providers-root.pem")
    providersChain = path("providers-chain.pem")
  }

  /// All four, in a fixed order.
  public var paths: [String] { [servicesRoot, servicesChain, providersRoot, providersChain] }

  /// Writes the files, each whole or not at all, and none of them before all four names are known to be free or ours.
  func write(_ hierarchy: CAHierarchy) throws {
    let operation = "write the trust files"
    for path in paths { try Self.checkReplaceable(path, operation) }
    let contents: [(String, [Certificate])] = [
      (servicesRoot, [hierarchy.root.certificate]),
      (servicesChain, [hierarchy.intermediate.certificate, hierarchy.services.certificate]),
      (providersRoot, [hierarchy.root.certificate]),
      (providersChain, [hierarchy.intermediate.certificate, hierarchy.providers.certificate]),
    ]
    for (path, certificates) in contents {
      let text = try certificates.map { try $0.serializeAsPEM().pemString + "\n" }.joined()
      do {
        try Data(text.utf8).write(to: URL(filePath: path), options: .atomic)
      } catch {
        throw SimulatorError(
          .foreignFile, operation, "\(path) cannot be written", hint: "name a folder that exists and is yours", underlying: error)
      }
    }
  }

  /// A file is ours when it holds certificates only and each of them is a simulator's.
  private static func checkReplaceable(_ path: String, _ operation: String) throws {
    guard FileManager.default.fileExists(atPath: path) else { return }
    let ours: Bool
    do {
      let text = String(decoding: try Data(contentsOf: URL(filePath: path)), as: UTF8.self)
      let documents = try PEMDocument.parseMultiple(pemString: text)
      ours =
        try !documents.isEmpty
        && documents.allSatisfy { try Certificate(pemDocument: $0).subject.commonName?.hasPrefix("SIMULATOR ") == true }
    } catch {
      ours = false
    }
    guard ours else {
      throw SimulatorError(
        .foreignFile, operation, "\(path) exists and was not written by a simulator", hint: "name an empty folder")
    }
  }
}
