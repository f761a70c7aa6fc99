"""DICOM whole slide images (DICOM PS3.3 A.32.8), read by range with the standard library."""
