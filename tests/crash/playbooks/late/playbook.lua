-- SPDX-License-Identifier: MIT
-- An API that applies late, one that says so and one that does not: waited for, never sent twice.
playbook {
  name = "late", version = "1.0.0", owner = "tests", summary = "Late APIs",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Late"
  world.late("accepted, then applied")
  world.set("a", "1")
  world.late("says no until it is applied", { shy = true })
  parallel {
    function() world.late("beside, shy", { shy = true }) end,
    function() world.set("b", "1") world.late("beside") end,
  }
  finish("done", "all applied")
end
