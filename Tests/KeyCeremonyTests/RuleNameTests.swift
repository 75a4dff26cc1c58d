import KeyCeremony
import Testing

@Suite struct RuleNameTests {
  @Test func everyRuleBeginsWithItsRoom() {
    #expect(CeremonyRule.allCases.allSatisfy { $0.rawValue.hasPrefix("CEREMONY-") })
  }
}
