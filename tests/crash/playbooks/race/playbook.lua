-- SPDX-License-Identifier: MIT
-- A race whose loser has an act in flight: it is waited for, kept, and nobody hears of it.
playbook {
  name = "race", version = "1.0.0", owner = "tests", summary = "A losing act in flight",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Before"
  world.set("a", "1")
  step "~ Race"
  race {
    function() world.pay("maybe paid by the loser", { ms = 4 }) world.tell("maybe never told") end,
    function() sleep("30ms") return "late" end,
  }
  race { function() world.look("x") end, function() world.set("maybe", "1", { ms = 3 }) end }
  step "After"
  world.set("a", "2")
  world.tell("the race is over")
end
