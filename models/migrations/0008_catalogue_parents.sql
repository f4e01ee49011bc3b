-- What lies below an entry of a catalogue is asked for at each level of a tree that a person opens.
CREATE INDEX catalogue_entry_parent ON catalogue_entry (pool, kind, parent);
