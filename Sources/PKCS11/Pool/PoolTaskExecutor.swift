internal import Dispatch

/// Runs tasks on the threads of a pool, between the work for the token.
///
/// A task that does little else than sign saves the two changes of thread that each signature costs it elsewhere:
///
/// ```swift
/// try await withTaskExecutorPreference(pool.taskExecutor) { try await signAll(documents) }
/// ```
///
/// A task that computes for long, or blocks, keeps a session from its work meanwhile: do not run such tasks here.
public final class PoolTaskExecutor: TaskExecutor {
  private let core: PoolCore

  init(_ core: PoolCore) { self.core = core }

  /// Takes a task's next part. When no thread of the pool is to be had, because the pool was closed or its threads hang, a thread of the
  /// system runs it: a task is never left lying.
  public func enqueue(_ job: consuming ExecutorJob) {
    let task = PoolTask(UnownedJob(job), self)
    guard !core.enqueue(task) else { return }
    DispatchQueue.global().async { task.run() }
  }
}

/// A part of a task that waits for a thread.
struct PoolTask: Sendable {
  private let job: UnownedJob
  private let executor: PoolTaskExecutor

  init(_ job: UnownedJob, _ executor: PoolTaskExecutor) {
    self.job = job
    self.executor = executor
  }

  func run() { unsafe job.runSynchronously(on: executor.asUnownedTaskExecutor()) }
}
