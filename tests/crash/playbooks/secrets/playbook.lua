-- SPDX-License-Identifier: MIT
-- A secret parameter in arguments and results: never in the journal, the same after every resume.
playbook {
  name = "secrets", version = "1.0.0", owner = "tests", summary = "Secrets",
  may_change = { "world.*" }, params = { token = param.secret "What opens the far side" }, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main(p)
  step "Secret"
  world.set("a", "1", { note = p.token })
  evidence("the far side", world.look("what it says", { leak = true }))
  world.pay("paid with it", { note = { header = p.token } })
  local ok, err = pcall(world.tell, "refused", { fail = world.look("again", { leak = true }).value })
  finish("done", err.why)
end
