import Foundation

/// Reads a file of certificates, bounded.
enum CertificateFile {
  static func read(_ path: String) throws(CertificateServiceError) -> [UInt8] {
    do {
      let handle = try FileHandle(forReadingFrom: URL(filePath: path))
      defer { try? handle.close() }
      var bytes: [UInt8] = []
      while bytes.count <= PEM.maximumBytes, let part = try handle.read(upToCount: PEM.maximumBytes + 1 - bytes.count), !part.isEmpty {
        bytes.append(contentsOf: part)
      }
      return bytes
    } catch {
      throw CertificateServiceError(
        code: .invalidInput, operation: "read certificates from \(path)", message: "the file cannot be read", underlying: error)
    }
  }
}
