import Glibc

/// A secret in memory: a PIN, a transfer password.
///
/// The bytes live in pages of their own, which are kept out of swap (`mlock`) and out of core dumps (`MADV_DONTDUMP`) where the system
/// allows it, and are wiped (`explicit_bzero`) when the value ends. The type cannot be copied, and so can be neither interpolated,
/// stored in an array nor reflected; it offers no description. The bytes are lent inside a closure and nowhere else.
@safe public struct SecretBytes: ~Copyable, Sendable {
  // One owner, exclusive access: handing the value to another thread hands over the pages with it.
  private nonisolated(unsafe) let pages: UnsafeMutableRawPointer
  private let capacity: Int

  /// The length of the secret in bytes.
  public private(set) var count: Int

  /// Copies the bytes, then wipes and empties the array.
  ///
  /// Copies of the array that were made earlier are out of reach: build the array where it is used.
  public init(consuming bytes: inout [UInt8]) {
    self.init(copying: bytes)
    unsafe bytes.withUnsafeMutableBytes { buffer in
      if let start = buffer.baseAddress { unsafe explicit_bzero(start, buffer.count) }
    }
    bytes.removeAll()
  }

  /// Copies the bytes. The caller's array stays as it is: ``init(consuming:)`` is the better choice for an array that was made for this.
  public init(copying bytes: [UInt8]) {
    self.init(capacity: bytes.count) { (output: inout OutputSpan<UInt8>) in
      for byte in bytes { output.append(byte) }
    }
  }

  /// Lets `fill` write up to `capacity` bytes straight into the protected pages.
  ///
  /// - Throws: what `fill` throws; whatever was written until then is wiped.
  public init<Failure: Error>(capacity: Int, initializingWith fill: (inout OutputSpan<UInt8>) throws(Failure) -> Void) throws(Failure) {
    self.init(emptyWithCapacity: capacity)
    var output = unsafe OutputSpan<UInt8>(
      buffer: UnsafeMutableBufferPointer(start: pages.assumingMemoryBound(to: UInt8.self), count: self.capacity), initializedCount: 0)
    try fill(&output)
    count = unsafe output.finalize(
      for: UnsafeMutableBufferPointer(start: pages.assumingMemoryBound(to: UInt8.self), count: self.capacity))
  }

  private init(emptyWithCapacity wanted: Int) {
    let pageSize = max(Int(sysconf(CInt(_SC_PAGESIZE))), 4096)
    let size = (max(wanted, 1) + pageSize - 1) / pageSize * pageSize
    let mapped = unsafe mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    // Without memory for a few bytes there is nothing sensible left to do; an array would end the process in the same way.
    precondition(unsafe mapped != nil && mapped != MAP_FAILED, "no memory for a secret of \(wanted) bytes")
    unsafe pages = mapped!
    capacity = size
    count = 0
    // Both are best effort: an unprivileged process may have no memory to lock, and that is no reason to refuse a PIN.
    unsafe _ = mlock(pages, size)
    unsafe _ = madvise(pages, size, MADV_DONTDUMP)
  }

  deinit {
    unsafe explicit_bzero(pages, capacity)
    unsafe _ = munmap(pages, capacity)
  }

  /// Lends the bytes for the duration of `body`. The span cannot leave the closure; do not copy what it shows.
  public borrowing func withBytes<Result, Failure: Error>(_ body: (Span<UInt8>) throws(Failure) -> Result) throws(Failure) -> Result {
    let span = unsafe Span<UInt8>(_unsafeStart: UnsafePointer(pages.assumingMemoryBound(to: UInt8.self)), count: count)
    return try body(span)
  }

  /// Whether two secrets are the same, in a time that depends on their lengths only.
  public borrowing func isEqual(to other: borrowing SecretBytes) -> Bool {
    guard count == other.count else { return false }
    var difference: UInt8 = 0
    for index in 0..<count {
      difference |= unsafe pages.load(fromByteOffset: index, as: UInt8.self) ^ other.pages.load(fromByteOffset: index, as: UInt8.self)
    }
    return difference == 0
  }

  /// Takes away one newline at the end (LF or CR LF), as text files and terminals put it there.
  mutating func removeTrailingNewline() {
    guard last == UInt8(ascii: "\n") else { return }
    removeLast()
    if last == UInt8(ascii: "\r") { removeLast() }
  }

  private var last: UInt8? { count > 0 ? unsafe pages.load(fromByteOffset: count - 1, as: UInt8.self) : nil }

  private mutating func removeLast() {
    count -= 1
    unsafe pages.storeBytes(of: 0, toByteOffset: count, as: UInt8.self)
  }
}
