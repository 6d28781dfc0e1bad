-- SPDX-License-Identifier: MIT
-- The play beside this file as a playbook.
playbook {
  name = "from-ansible", version = "1.0.0", owner = "ops",
  summary = "Let another relay send for a domain.",
  may_change = { "zone.set:{domain}" },
  params = {
    domain = param.domain "Whose SPF record" { default = "example.com" },
    spf    = param.string "What it shall be" { default = "v=spf1 include:relay.example.net -all" },
  },
  changelog = { ["1.0.0"] = "First version" },
}

function main(p)
  step "What is there?"
  local before = need(zone.get(p.domain, "@", "TXT"), "the DNS host does not answer")
  local records, replaced = {}, false                   -- other TXT records of the name stay: verification tokens and the like
  for i, record in ipairs(before.records) do
    local is_spf = string.find(record, "v=spf1", 1, true) ~= nil
    records[i], replaced = is_spf and p.spf or record, replaced or is_spf
  end
  if not replaced then records[#records + 1] = p.spf end

  step "Ask, then change it"                            -- pause
  local answer = approve { "Change SPF of " .. p.domain .. "?", by = "lead", deadline = "1h",
                           show = { change = { from = before.records, to = records } } }
  if not answer.yes then finish(answer.how, answer.reason) end
  undo "Put the old SPF record back"
  zone.set(p.domain, "@", "TXT", { records = records }, { only_if = before, ttl = "5m", confirm = "5m" }) -- uri, dig and until
  finish("changed")
end
