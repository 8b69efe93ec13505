-- SPDX-License-Identifier: MIT
--
-- rights: descriptors sent through unix sockets (SCM_RIGHTS). The receiver's new number is the sender's
-- description when the two ends are known to be a pair: made by socketpair, or by a connect and an accept
-- that can only belong together. Driven by sockets.lua, which counts what went through each end.
--
-- A message is recognised by its place: the sender's count of bytes (of messages, when they keep their
-- bounds) before it is the receiver's count before it takes it. So what is lost, read without taking the
-- descriptors, or moved by means that no call shows, makes descriptors "unknown", not wrong.
-- The receiver may be seen first: its descriptors wait, unknown, and are told when the sender is.

local descriptions = require "compendium.descriptions"
local tables = require "compendium.tables"
local tasks = require "compendium.tasks"

local SOCK_STREAM <const> = 1
local QUEUE_LIMIT <const> = 256
local WAITING_LIMIT <const> = 64
local UNSENT_LIMIT <const> = 16
local LISTENER_LIMIT <const> = 1000
-- What an unknown description takes over from the one it turns out to be.
local TOLD <const> = {
  "kind", "path", "name", "flags", "writable", "readable", "what", "target", "pipe", "peer", "pipe_end", "protocol",
  "family", "type", "number", "here", "there", "local", "remote", "connection",
}

local rights = {}

local function is_stream(file)
  return file.type == SOCK_STREAM
end

-- How far an end has sent or received ("sent", "received").
local function position(file, way)
  return is_stream(file) and (file[way] or 0) or (file[way .. "_messages"] or 0)
end

local function drop_queue(file, e)
  for _, offer in ipairs(file.offers or {}) do
    for _, description in ipairs(offer.files) do tables.let_go(description, e) end
  end
  file.offers = nil
end

-- What is still on its way to a socket goes with it.
table.insert(tables.on_last_close, function(description, e)
  if description.offers then drop_queue(description, e) end
end)

local function tell(unknown, description)
  for _, key in ipairs(TOLD) do unknown[key] = description[key] end
end

-- Removes and returns the entry of a list at a place (within `length`), with as many descriptors.
local function take(list, place, length, count, peek)
  for i, entry in ipairs(list or {}) do
    if entry.place >= place and entry.place < place + length and #entry.files == count then
      if not peek then table.remove(list, i) end
      return entry
    end
  end
end

-- Two senders at once: which was first cannot be told.
local function mark_ambiguous(queue, offer)
  local last = queue[#queue]
  if last and last.tid ~= offer.tid and offer.began < last.ended then
    last.ambiguous, offer.ambiguous = true, true
  end
end

-- Hands an offer to the socket it is for: to a receiver that was seen first, or to its queue.
local function deliver(offer, peer, e)
  local early = take(peer.waiting, offer.place, offer.length, #offer.files)
  if early then
    for i, unknown in ipairs(early.files) do tell(unknown, offer.files[i]) end
    return
  end
  local queue = peer.offers or {}
  peer.offers = queue
  mark_ambiguous(queue, offer)
  if #queue >= QUEUE_LIMIT then return drop_queue(peer, e) end
  queue[#queue + 1] = offer
  for _, description in ipairs(offer.files) do tables.hold(description) end
end

-- A message with descriptors was sent from `file`; sent is its length in bytes. numbers: the sender's.
-- What is sent before anybody accepted stays with the sender.
function rights.send(e, file, numbers, sent)
  local task = tasks.of(e.tid, e.pid)
  local files = {}
  for i, fd in ipairs(numbers) do
    files[i] = tables.get(task, fd) or descriptions.unknown(e, "descriptor " .. fd)
  end
  local offer = {
    place = position(file, "sent"), length = is_stream(file) and math.max(sent, 1) or 1, files = files, tid = e.tid,
    began = e.time, ended = e.time + (e.duration or 0),
  }
  if file.peer then return deliver(offer, file.peer, e) end
  file.unsent = file.unsent or {}
  if #file.unsent < UNSENT_LIMIT then table.insert(file.unsent, offer) end
end

local function wait_for_sender(file, place, unknowns)
  local waiting = file.waiting or {}
  file.waiting = waiting
  if #waiting >= WAITING_LIMIT then table.remove(waiting, 1) end
  waiting[#waiting + 1] = {place = place, files = unknowns}
end

-- A message was received on `file`: the new numbers, which fds.lua made unknown, get what was sent.
-- received: its length in bytes.
function rights.receive(e, file, numbers, received, peek)
  local task = tasks.of(e.tid, e.pid)
  local place = position(file, "received")
  local offer = take(file.offers, place, is_stream(file) and math.max(received, 1) or 1, #numbers, peek)
  if not offer then
    local unknowns = {}
    for i, fd in ipairs(numbers) do unknowns[i] = tables.get(task, fd) end
    if #unknowns == #numbers then wait_for_sender(file, place, unknowns) end
    return
  end
  for i, fd in ipairs(numbers) do
    if not offer.ambiguous then tables.become(task, fd, offer.files[i], e) end
    if not peek then tables.let_go(offer.files[i], e) end
  end
end

-- ---- which ends belong together

local listeners, listener_count = {}, 0 -- by address: {connects={}, accepts={}} that are not matched yet

local function matches_of(text)
  local matches = listeners[text]
  if matches then return matches end
  if listener_count >= LISTENER_LIMIT then listeners, listener_count = {}, 0 end
  matches = {connects = {}, accepts = {}}
  listeners[text], listener_count = matches, listener_count + 1
  return matches
end

local function join(one, other, e)
  one.peer = other
  for _, offer in ipairs(one.unsent or {}) do deliver(offer, other, e) end
  one.unsent = nil
end

-- One connect and one accept are a pair; of more, nobody can say which.
local function match(text, matches, e)
  local connects, accepts = matches.connects, matches.accepts
  if #connects == 1 and #accepts == 1 and connects[1].began < accepts[1].ended then
    join(connects[1].file, accepts[1].file, e)
    join(accepts[1].file, connects[1].file, e)
  elseif #connects <= 1 and #accepts <= 1 and #connects + #accepts < 2 then
    return
  end
  listeners[text], listener_count = nil, listener_count - 1
end

-- A unix stream was connected, or accepted by the socket with that address.
function rights.connected(e, file, address)
  if file.protocol ~= "unix" or not address then return end
  local matches = matches_of(address.text)
  table.insert(matches.connects, {file = file, began = e.time})
  match(address.text, matches, e)
end

function rights.accepted(e, file, address)
  if file.protocol ~= "unix" or not address then return end
  local matches = matches_of(address.text)
  table.insert(matches.accepts, {file = file, ended = e.time + (e.duration or 0)})
  match(address.text, matches, e)
end

return rights
