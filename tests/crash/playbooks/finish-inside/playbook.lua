-- SPDX-License-Identifier: MIT
-- The run ends inside a block while acts of other tasks are in flight.
playbook {
  name = "finish-inside", version = "1.0.0", owner = "tests", summary = "An end inside a block",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Before"
  world.set("a", "1")
  step "~ Inside"
  parallel {
    function() world.set("maybe b", "1", { ms = 3 }) world.tell("maybe never told") end,
    function() world.pay("maybe paid", { ms = 2 }) end,
    function() world.look("x") world.set("maybe c", "1") finish("inside", "the third task") end,
  }
end
