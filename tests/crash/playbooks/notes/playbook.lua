-- SPDX-License-Identifier: MIT
-- Many notes, findings and probes between few acts: long batches that nobody waits for.
playbook {
  name = "notes", version = "1.0.0", owner = "tests", summary = "Many notes",
  may_change = { "world.*" }, params = {}, stale_after = "2h", changelog = { ["1.0.0"] = "." },
}
function main()
  for n = 1, 3 do
    step("Chapter " .. n)
    for i = 1, 120 do
      evidence("item " .. i, { n = n, i = i, text = string.rep("x", i) })
      if i % 10 == 0 then finding("info", "tens", tostring(i)) end
    end
    world.look("chapter " .. n)
    world.set("chapter", tostring(n))
  end
  finish("done", "three chapters")
end
