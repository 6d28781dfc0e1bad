-- SPDX-License-Identifier: MIT
-- Values beyond 64 KiB lie beside the rows, in arguments, results and intents.
playbook {
  name = "large", version = "1.0.0", owner = "tests", summary = "Large values",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  step "Large"
  local big = world.look("big", { size = 70000 }).bulk
  world.set("a", "1", { note = big })
  world.tell("with ballast", { note = { text = big, list = { 1, 2, 3 } } })
  evidence("much", big .. "!")
  local both = parallel {
    function() return #world.look("more", { size = 90000 }).bulk end,
    function() return #world.look("most", { size = 150000 }).bulk end,
  }
  world.set("a", "2")
  finish("done", tostring(#big + both[1] + both[2]))
end
