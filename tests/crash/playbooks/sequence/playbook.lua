-- SPDX-License-Identifier: MIT
-- One act after the other, of every kind of doubt, with probes and notes between them.
playbook {
  name = "sequence", version = "1.0.0", owner = "tests", summary = "Acts one after the other",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Look"
  local first = world.look("first").value
  step "Act"
  undo "Put a back"
  world.set("a", first)
  world.tell("told once")
  evidence("look", world.look("second").value)
  world.pay("paid 10")
  world.set("a", "2", { only_if = first })
  step "Lost replies"
  world.post("posted")
  world.set("b", "1", { lose = true })
  world.tell("told, reply lost", { lose = true })
  world.pay("paid 20", { lose = true })
  milestone("acted")
  finish("done", first .. " and more")
end
