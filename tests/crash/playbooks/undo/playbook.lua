-- SPDX-License-Identifier: MIT
-- Named undos, one given by hand, one for an act in a block; undone afterwards by a run of its own.
playbook {
  name = "undo", version = "1.0.0", owner = "tests", summary = "Undo",
  may_change = { "world.*" }, exclusive = "slips", params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Change"
  undo "Put the first back"
  world.set("first", "new")
  world.set("second", "new")
  undo("Tell them that it is over", world.tell, "it is over")
  world.tell("it has begun")
  undo "Put what is in the block back"
  parallel { function() world.set("third", "new") end, function() world.look("x") end }
  each({ 1, 2, 3 }, function(n) world.set("slip " .. n, "on") end)
  fail("this is what undo is for")
end
