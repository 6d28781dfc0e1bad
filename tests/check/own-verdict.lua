-- Nothing to find at words of its own, made in some way or read somewhere; still found at what a verb gives
playbook {
  name = "own-verdict", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {},
  params = { domain = param.domain "The domain" },
  changelog = { ["1.0.0"] = "First version" },
}
local POOR <const> = "poor"
local function judge(found) return { verdict = found.ok and "fine" or "worse", kept = { verdict = POOR } } end
local function made(verdict) return { verdict = verdict } end
local function is_bad(document) return document.verdict == "degraded" end
local function read(address) local got = http.get(address) return got.ok and got.json or {} end
function main(p)
  local inbound = mail.inbound(p.domain)
  local own = judge(inbound)
  if own.verdict == "worse" or own.kept.verdict == "poor" then finish("worse") end
  local word = "good"
  if inbound.ok then word = "crowded" end
  if made(word).verdict == "crowded" then finish("crowded") end
  local got = http.get("https://status.example.net/api")
  if got.json.verdict == "outage" or is_bad(got.json) then finish("they say so") end
  for _, part in ipairs(got.json.parts) do if part.verdict == "fail" then finish("so do they") end end
  local both = parallel { a = function() return http.get("https://status.example.org/api").json end }
  if both.a.verdict ~= "operational" then finish("and they") end
  if read("https://status.example.com/api").verdict == "red" then finish("and those") end
  if inbound.verdict == "worse" then fail("down") end -- expect: unknown-verdict @ "worse"
  finish("done")
end
