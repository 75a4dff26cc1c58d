/// Fingerprints in words that two people can hold against each other over the telephone: the PGP word list.
///
/// A byte is a word. Those at even places, counted from 0, have two syllables, those at odd places three.
public enum FingerprintWords {
  /// The words of a digest, one a byte: 32 for a SHA-256.
  public static func words(for digest: [UInt8]) -> [String] {
    digest.enumerated().map { ($0.offset % 2 == 0 ? PGPWordList.even : PGPWordList.odd)[Int($0.element)] }
  }

  /// The bytes that words stand for, in capitals or not.
  ///
  /// - Throws: `EVIDENCE-WORDS`, which says which word it is, and whether it stands one place too early or too late.
  public static func bytes(of words: [String]) throws(EvidenceError) -> [UInt8] {
    var bytes: [UInt8] = []
    for (index, word) in words.enumerated() {
      let word = word.lowercased()
      guard let byte = places[index % 2][word] else {
        let isOther = places[(index + 1) % 2][word] != nil
        throw EvidenceError(
          .words, where: "word \(index + 1)", operation: "read the words of a fingerprint",
          message: isOther
            ? "'\(EvidenceText.shown(word))' belongs to a place beside this one: a word before it was left out, added or exchanged"
            : "'\(EvidenceText.shown(word))' is not in the PGP word list")
      }
      bytes.append(byte)
    }
    return bytes
  }

  /// Where each word stands in its list, in small letters.
  private static let places: [[String: UInt8]] = [PGPWordList.even, PGPWordList.odd].map { list in
    Dictionary(uniqueKeysWithValues: zip(list.map { $0.lowercased() }, UInt8.min...UInt8.max))
  }
}
