-- SPDX-License-Identifier: MIT
-- Many acts, in tasks and one after the other: enough writes for a fault at the 500th.
playbook {
  name = "long", version = "1.0.0", owner = "tests", summary = "Many acts",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  for round = 1, 12 do
    step("Round " .. round)
    world.set("counter", tostring(round))
    each({ "a", "b", "c" }, function(name)
      world.look(name .. round)
      world.tell(name .. " in round " .. round)
    end)
    world.pay("round " .. round)
    evidence("round", { number = round })
  end
  finish("done", "twelve rounds")
end
