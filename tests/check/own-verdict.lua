-- Nothing to find at words of its own, made in a table or read somewhere; still found at what a verb gives
playbook {
  name = "own-verdict", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local function judge(found) return { verdict = found.ok and "fine" or "worse", kept = { verdict = "worse" } } end
function main(p)
  local inbound = mail.inbound(p.domain)
  local own = judge(inbound)
  if own.kept.verdict == "worse" then finish("worse") end
  local got = http.get("https://status.example.net/api")
  if got.json.verdict == "outage" then finish("they say so") end
  local read = got.json
  if read.mail.verdict ~= "operational" then finish("so do they") end
  if inbound.verdict == "worse" then fail("down") end -- expect: unknown-verdict @ "worse"
  finish("done")
end
