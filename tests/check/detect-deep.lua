-- Detect returns what calls itself, and each other, many times: each function is looked into once, and each mistake said once
playbook {
  name = "detect-deep", version = "1.0.0", owner = "team", summary = "Faulty on purpose",
  may_change = {  },
  params = { host = param.host "The host" },
  watch = { every = "1m", confirm = 3, clear = 3, again_after = "30m" },
  changelog = { ["1.0.0"] = "First version" },
}
local function judge(p, left)
  local r = smtp.probe(p.host)
  if r.code == 401 then return judge(p, left - 1) end
  if r.code == 402 then return judge(p, left - 2) end
  if r.code == 403 then return judge(p, left - 3) end
  if r.code == 404 then return judge(p, left - 4) end
  if r.code == 405 then return judge(p, left - 5) end
  if r.code == 406 then return judge(p, left - 6) end
  if r.code == 407 then return judge(p, left - 7) end
  if r.code == 408 then return judge(p, left - 8) end
  if left == 0 then return "down" end -- expect: no-verdict @ "down"
  return r
end
function detect(p)
  if p.host == "mx.example.com" then return judge(p, 1) end
  return judge(p, 3)
end
function main(p)
  finish("done", p.host)
end
