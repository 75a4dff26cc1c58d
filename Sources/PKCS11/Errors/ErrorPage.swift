/// The published table of errors, `docs/errors.md`, made of the table that the program itself goes by.
package enum ErrorPage {
  /// The whole page.
  package static func markdown() -> String {
    [head, verdicts, kinds, answers, findings].joined(separator: "\n")
  }

  private static let head = """
    # What a token's errors mean

    Every answer of a PKCS #11 module has a verdict: what can be done so that the next call may succeed. hsmkey acts on it by itself as far
    as it safely can; what is left for a person stands in the last column, and in the error's `hint`. In Swift the verdict is
    `PKCS11Error.recovery`.

    This page is written by `scripts/generate-errors-page` from the table that the program goes by; a test fails when the two differ.

    """

  private static let verdicts = """
    ## Verdicts

    | verdict | what has happened | what hsmkey does by itself |
    |---|---|---|
    | retry | the same call may succeed a moment later | waits a moment and calls again, a few times, where the operation may be repeated |
    | new session | the session is lost, or in a state that nobody knows | closes it, and repeats in another what may be repeated |
    | log in again | the login is gone | logs in again, under the same care for the PIN as the first time, and looks private keys up again |
    | find the key again | the handle is void | looks the key up by its identifier, and calls once more |
    | reinitialise the module | the module has lost its token or its state | finalizes and initialises the module if it was initialised \
    here, then logs in and looks the key up again |
    | operator | only a person can help | nothing: it says so and stops |
    | permanent | the same request will never succeed | nothing: it says so and stops |

    """

  private static let kinds =
    """
    ## Functions

    What failing means depends on what the function does, whatever it answers:

    | functions | what a failure may have done | therefore |
    |---|---|---|

    """
    + FunctionKind.allCases.compactMap { kind in
      kind.consequence.map { "| \(names(of: CryptokiFunction.allCases.filter { $0.kind == kind })) | \($0.danger) | \($0.remedy) |\n" }
    }.joined()

  private static let answers: String = {
    let rows = CallAdviceRow.all.map { row in
      line("`\(row.name)` \(row.returnValue.number)", "", row.advice)
        + row.exceptions.map { line("", names(of: $0.functions), $0.advice) }.joined()
    }
    return """
      ## Return values

      A line with functions in it is an exception to the line above it. The session is closed after "new session" and "reinitialise the
      module".

      | return value | from | what it means | verdict | what you do |
      |---|---|---|---|---|

      """ + rows.joined() + line("from 0x80000000", "", .vendorDefined) + line("any other", "", .unknown)
  }()

  private static let findings =
    """
    ## Findings of our own

    Rules of the `PKCS11` room (see [rules](rules.md)) that are broken without an answer of the module are permanent, but for these:

    | rule | verdict |
    |---|---|

    """
    + PKCS11Rule.allCases.compactMap { rule in PKCS11Error.recoveries[rule].map { "| `\(rule)` | \($0) |\n" } }.joined()

  private static func line(_ answer: String, _ functions: String, _ advice: CallAdvice) -> String {
    "| \(answer) | \(functions) | \(advice.message) | \(advice.recovery) | \(advice.hint) |\n"
  }

  private static func names(of functions: [CryptokiFunction]) -> String {
    functions.map { "`\($0.name)`" }.joined(separator: " ")
  }
}

extension FunctionKind {
  /// What a failure may have done, and what follows for all verdicts; `nil` where nothing does.
  fileprivate var consequence: (danger: String, remedy: String)? {
    switch self {
    case .repeatable: nil
    case .presentsPIN:
      (
        "it may have cost one of the few PIN tries",
        "never tried again without a person, whatever the line below says, unless the answer shows that the PIN was not looked at: "
          + Self.pinNotLookedAt.compactMap(\.name).sorted().map { "`\($0)`" }.joined(separator: " ")
      )
    case .makesObject:
      (
        "something may have been made after all",
        "not simply called again: \"retry\" becomes \"new session\", and what was made is looked for"
      )
    case .endsOperation:
      (
        "the operation may still be there",
        "the session is closed, and \"retry\" becomes \"new session\"; but a signature that is refused ("
          + Self.completed.compactMap(\.name).sorted().map { "`\($0)`" }.joined(separator: " ") + ") has ended in good order"
      )
    }
  }
}
