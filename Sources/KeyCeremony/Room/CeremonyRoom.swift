public import Secrets

/// The people of a ceremony and what they look at: asked here, shown here. A terminal, or a file of prepared answers.
public protocol CeremonyRoom: Sendable {
  /// Whether people answer. What a file answers is marked in the transcript.
  var isAttended: Bool { get }

  /// Shows something to everybody; returns at once.
  func show(_ scene: CeremonyScene) async throws

  /// Asks one participant and waits for the answer.
  ///
  /// - Throws: `CEREMONY-STOPPED` when the person stops the run; `CEREMONY-ANSWERS-FILE` when nothing is prepared.
  func ask(_ question: CeremonyQuestion) async throws -> String

  /// Asks one participant for something that nobody else may see: no echo, no record.
  func askSecretly(_ question: CeremonyQuestion) async throws -> HeldSecret

  /// Shows one participant something that nobody else may see, until it is confirmed, and takes it off the screen again.
  func showSecretly(_ secret: HeldSecret, _ question: CeremonyQuestion) async throws
}

/// Something that everybody looks at.
public struct CeremonyScene: Sendable, Hashable {
  /// What kind of thing it is; the terminal chooses its form by it, `--json` writes it as an event.
  public enum Kind: String, Sendable, Hashable {
    /// The ceremony begins, is resumed, or ends.
    case ceremony
    /// A step begins: from here on the screen is the step's.
    case step
    /// A step has ended well.
    case done
    /// Something to know.
    case note
    /// A digest to look at and to read aloud.
    case digest
    /// Something is not as it should be.
    case trouble
  }

  /// What kind of thing it is.
  public let kind: Kind
  /// The step's name in the plan, where it is about a step.
  public let step: String?
  /// The step's number, counted from 1, and how many there are.
  public let position: Position?
  /// One line.
  public let title: String
  /// Lines of text.
  public let lines: [String]
  /// Shown as hexadecimal and as words, large.
  public let digest: [UInt8]?

  /// A step's number, counted from 1, and how many there are.
  public struct Position: Sendable, Hashable {
    /// Counted from 1.
    public let number: Int
    /// How many there are.
    public let count: Int

    /// - Parameters:
    ///   - number: counted from 1.
    ///   - count: how many there are.
    public init(number: Int, count: Int) {
      self.number = number
      self.count = count
    }
  }

  /// Something to look at; all but kind and title may be left out.
  public init(
    _ kind: Kind, step: String? = nil, position: Position? = nil, title: String, lines: [String] = [], digest: [UInt8]? = nil
  ) {
    self.kind = kind
    self.step = step
    self.position = position
    self.title = title
    self.lines = lines
    self.digest = digest
  }
}

/// A question to one participant.
public struct CeremonyQuestion: Sendable, Hashable {
  /// What kind of answer is wanted.
  public enum Kind: Sendable, Hashable {
    /// A line of text, not empty.
    case text
    /// The word `yes`; anything else is asked again, `stop` stops the run.
    case confirmation
    /// The words of the digest at these places, counted from 1, separated by spaces.
    case words(digest: [UInt8], places: [Int])
    /// A PIN that exists.
    case pin
    /// A new PIN: asked twice.
    case newPIN
    /// A share of a PIN, as it stands on the card.
    case share
    /// Nothing is answered: a person is shown a secret and confirms that it was written down.
    case shareCard
  }

  /// The name that prepared answers have it by: `STEP/PARTICIPANT` or `STEP/PARTICIPANT/FIELD`.
  public let id: String
  /// Who is asked, by name.
  public let participant: Participant
  /// What kind of answer is wanted.
  public let kind: Kind
  /// What is asked, in one line.
  public let text: String

  /// A question; whoever asks sees to it that `id` is the plan's.
  public init(id: String, participant: Participant, kind: Kind, text: String) {
    self.id = id
    self.participant = participant
    self.kind = kind
    self.text = text
  }
}
