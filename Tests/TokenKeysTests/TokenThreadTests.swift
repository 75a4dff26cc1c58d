import Foundation
import Synchronization
import Testing

@testable import TokenKeys

@Suite("A thread of our own")
struct TokenThreadTests {
  final class Counter { var value = 0 }

  /// What the thread's state leaves behind when it goes.
  final class Trace: Sendable {
    let isGone = Mutex(false)
  }

  final class Traced {
    let trace: Trace
    init(_ trace: Trace) { self.trace = trace }
    deinit { trace.isGone.withLock { $0 = true } }
  }

  struct Failure: Error, Equatable { let number: Int }

  @Test("Work of many tasks runs one after the other, on one thread, and everybody gets their own result")
  func manyTasks() async throws {
    let thread = TokenThread(name: "test") { Counter() }
    let results = try await withThrowingTaskGroup(of: (Int, Int, UInt).self) { group in
      for number in 0..<500 {
        group.addTask {
          let (count, identity) = try await thread.perform { state -> (Int, UInt) in
            // Would lose counts if two ran at once.
            let seen = state.value
            if seen.isMultiple(of: 50) { sched_yield() }
            state.value = seen + 1
            return (number, UInt(bitPattern: ObjectIdentifier(Thread.current).hashValue))
          }
          return (number, count, identity)
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(results.allSatisfy { $0.0 == $0.1 })
    #expect(Set(results.map(\.2)).count == 1)
    #expect(try await thread.perform(\.value) == 500)
    thread.stop()
  }

  @Test("An error of the work reaches the one who asked, and the thread goes on")
  func errors() async throws {
    let thread = TokenThread(name: "test") { Counter() }
    for number in 0..<10 {
      await #expect(throws: Failure(number: number)) { try await thread.perform { _ in throw Failure(number: number) } }
    }
    #expect(try await thread.perform { _ in 1 } == 1)
    thread.stop()
  }

  @Test("Stopping lets the work that is queued finish, refuses what comes later, and then lets go of the state")
  func stop() async throws {
    let trace = Trace()
    let thread = TokenThread(name: "test") { Traced(trace) }
    let gate = DispatchSemaphore(value: 0)
    let queued = (0..<20).map { number in Task { try await thread.perform { _ in number } } }
    async let blocked: Void = thread.perform { _ in gate.wait() }
    thread.stop()
    gate.signal()
    var finished = 0
    for (number, task) in queued.enumerated() {
      switch await task.result {
      case .success(let value):
        #expect(value == number)
        finished += 1
      case .failure(let error): #expect("\(error)".contains("has been closed"))
      }
    }
    _ = try? await blocked
    await #expect(throws: TokenKeysError.self) { try await thread.perform { _ in } }
    #expect(throws: TokenKeysError.self) { try thread.performBlocking { _ in } }
    thread.stop()
    while !trace.isGone.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test("The last work comes after what was queued before it; later work is refused at once, and the thread lets go of its state")
  func last() async throws {
    final class Seen: Sendable {
      let order = Mutex<[Int]>([])
      let isRefused = Mutex(false)
    }
    let trace = Trace()
    let seen = Seen()
    let thread = TokenThread(name: "test") { Traced(trace) }
    let gate = DispatchSemaphore(value: 0)
    let first = Task {
      try await thread.perform { _ in
        seen.order.withLock { $0.append(1) }
        gate.wait()
      }
    }
    while seen.order.withLock(\.isEmpty) { try await Task.sleep(for: .milliseconds(1)) }
    let second = Task { try await thread.performLast { _ in seen.order.withLock { $0.append(2) } } }
    // What still came before the last work waits for the gate, so nobody waits for that here.
    while !seen.isRefused.withLock({ $0 }) {
      Task { do { try await thread.perform { _ in } } catch { seen.isRefused.withLock { $0 = true } } }
      try await Task.sleep(for: .milliseconds(1))
    }
    await #expect(throws: TokenKeysError.self) { try await thread.performLast { _ in } }
    #expect(throws: TokenKeysError.self) { try thread.performBlocking { _ in } }
    gate.signal()
    try await first.value
    try await second.value
    #expect(seen.order.withLock { $0 } == [1, 2])
    while !trace.isGone.withLock({ $0 }) { try await Task.sleep(for: .milliseconds(1)) }
  }

  @Test("Threads that cannot suspend may block for a result, many at once, also while tasks wait")
  func blocking() async throws {
    let thread = TokenThread(name: "test") { Counter() }
    let sum = Mutex(0)
    let group = DispatchGroup()
    for number in 1...20 {
      group.enter()
      Thread.detachNewThread {
        let result = try? thread.performBlocking { state in
          state.value += 1
          return number
        }
        sum.withLock { $0 += result ?? 0 }
        group.leave()
      }
    }
    for _ in 1...20 { _ = try await thread.perform { $0.value += 1 } }
    await withCheckedContinuation { continuation in group.notify(queue: .global()) { continuation.resume() } }
    #expect(sum.withLock { $0 } == 210)
    #expect(try await thread.perform(\.value) == 40)
    thread.stop()
  }

  @Test("The work does not run on one of Swift's cooperative threads")
  func notCooperative() async throws {
    let thread = TokenThread(name: "hsmkey test") { Counter() }
    #expect(try await thread.perform { _ in Thread.current.name } == "hsmkey test")
    thread.stop()
  }
}
