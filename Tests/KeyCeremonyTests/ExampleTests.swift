import Foundation
import KeyCeremony
import TestSupport
import Testing

@Suite("The example ceremonies in docs/ceremonies")
struct ExampleTests {
  @Test("each plan is one", arguments: ExamplePlan.names)
  func plan(name: String) throws {
    let (plan, mistakes) = CeremonyPlan.examine(bytes: try ExamplePlan.bytes("\(name).yaml"), file: "\(name).yaml")
    #expect(mistakes.map(\.description) == [])
    #expect(plan?.name == name)
    #expect((6...12).contains(plan?.steps.count ?? 0))
  }

  @Test("the plan of softhsm/demo is one, too")
  func demo() throws {
    let file = OfficialMaterial.projectFolder.appending(path: "softhsm/demo.plan.yaml")
    #expect(CeremonyPlan.examine(bytes: Array(try Data(contentsOf: file)), file: "demo.plan.yaml").mistakes.map(\.description) == [])
  }

  @Test("each site file gives what its plan wants", arguments: ExamplePlan.names)
  func site(name: String) throws {
    let (site, mistakes) = SiteBinding.examine(
      bytes: try ExamplePlan.bytes("\(name).site.yaml"), file: "/etc/ceremonies/\(name).site.yaml", for: try ExamplePlan.plan(name))
    #expect(mistakes.map(\.description) == [])
    #expect(site?.outputFolder.hasPrefix("/etc/ceremonies/\(name)-20") == true)
  }
}
